import { createHmac } from 'node:crypto';

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

/** Makes a JWT of any header and claims: what a forger, or a server gone wrong, would send. */
export function signToken({ header, claims }: DecodedToken, secret: string, hash = 'sha256'): string {
  const content = `${encodePart(header)}.${encodePart(claims)}`;
  return `${content}.${createHmac(hash, secret).update(content).digest('base64url')}`;
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
