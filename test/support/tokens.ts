import { createHmac, KeyObject, sign } from 'node:crypto';

export type TokenPart = Readonly<Record<string, unknown>>;

export interface DecodedToken {
  readonly header: TokenPart;
  readonly claims: TokenPart;
}

/** Reads a JWT without verifying it. */
export function decodeToken(token: string): DecodedToken {
  const [header = '', claims = ''] = token.split('.');
  return { header: decodePart(header), claims: decodePart(claims) };
}

/**
 * Makes a JWT from any header and claims, as a forger or a faulty server would. A private key signs as ES or RS do, any
 * other key makes an HMAC, whatever algorithm the header names.
 */
export function signToken(token: DecodedToken, key: string | Uint8Array | KeyObject, hash = 'sha256'): string {
  return signTokenWith(token, (content) =>
    key instanceof KeyObject
      ? sign(hash, Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' })
      : createHmac(hash, key).update(content).digest(),
  );
}

/** Makes a JWT with a signature of any kind. */
export function signTokenWith({ header, claims }: DecodedToken, signer: (content: string) => Buffer): string {
  const content = `${encodePart(header)}.${encodePart(claims)}`;
  return `${content}.${signer(content).toString('base64url')}`;
}

/** The same token with its signature changed. */
export function resigned(token: string, change: (signature: Buffer) => Buffer): string {
  const [header, claims, signature = ''] = token.split('.');
  return [header, claims, change(Buffer.from(signature, 'base64url')).toString('base64url')].join('.');
}

export function unsignedToken({ header, claims }: DecodedToken): string {
  return `${encodePart(header)}.${encodePart(claims)}.`;
}

function encodePart(part: TokenPart): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decodePart(part: string): TokenPart {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as TokenPart;
}
