/** RFC 9068 names the first; the second follows it, so that neither is taken for the other. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
export const REFRESH_TOKEN_TYPE = 'rt+jwt';
/** What a secret signs with, and the only thing that it verifies. */
export const SECRET_ALGORITHM = 'HS256';

/** The header fields of the tokens we issue, apart from `typ`. */
export interface TokenHeader {
  readonly alg: string;
  /** Which key signed it; a secret has no name. */
  readonly kid: string | undefined;
}

/** Other fields could bring a key or ask for unsupported processing (RFC 8725, section 3; RFC 7515, 4.1.11). */
const KNOWN_PARAMETERS = new Set(['alg', 'typ', 'kid']);

/**
 * Reads the header of a token that is still to be verified: good for choosing a key, and for nothing more.
 *
 * @returns `undefined` for any string that does not begin as a token of this type
 */
export function readTokenHeader(token: string, type: string): TokenHeader | undefined {
  const [encoded = '', , signature = ''] = token.split('.', 3);
  // Base64 has spare bits: without this, one signature could be spelled in several ways (RFC 4648, section 3.5).
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) return undefined;
  const header = parseObject(Buffer.from(encoded, 'base64url').toString());
  if (header === undefined || !Object.keys(header).every((name) => KNOWN_PARAMETERS.has(name))) return undefined;
  const { alg, typ, kid } = header;
  if (typeof alg !== 'string' || typ !== type) return undefined;
  return kid === undefined || typeof kid === 'string' ? { alg, kid } : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
