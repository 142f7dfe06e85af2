import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { AppConfig } from '#config';
import { canonicalJson, type Month } from './chain.js';

/**
 * The end of a chain at a time. `open`: the chain may grow; `sealed`: its month is over; `dropped`: its month was older
 * than entries are kept, and has been removed.
 */
export interface Checkpoint {
  readonly id: string;
  readonly kind: 'open' | 'sealed' | 'dropped';
  readonly month: Month;
  /** How many entries the chain had. */
  readonly sequence: number;
  /** The hash of the last link, in hexadecimal. */
  readonly hash: string;
  readonly entryId: string;
  /** ISO 8601. */
  readonly time: string;
  /** SHA-256 of the checkpoint made before this one, of any month, in hexadecimal. */
  readonly previous: string | null;
}

export interface SignedCheckpoint extends Checkpoint {
  /** An Ed25519 key: DER (SPKI), base64url. */
  readonly publicKey: string;
  /** Ed25519 signature (base64url) of the checkpoint's canonical JSON without `publicKey` and `signature`. */
  readonly signature: string;
}

export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): SignedCheckpoint {
  return {
    ...checkpoint,
    publicKey: publicKeyText(createPublicKey(key)),
    signature: sign(null, Buffer.from(canonicalJson(checkpoint)), key).toString('base64url'),
  };
}

/** @param trusted the public keys that a genuine checkpoint may be signed with */
export function isGenuine(
  { publicKey, signature, ...checkpoint }: SignedCheckpoint,
  trusted: ReadonlySet<string>,
): boolean {
  if (!trusted.has(publicKey)) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(canonicalJson(checkpoint)), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

/** SHA-256 of the checkpoint's canonical JSON, in hexadecimal. */
export function hashOfCheckpoint(checkpoint: SignedCheckpoint): string {
  return createHash('sha256').update(canonicalJson(checkpoint)).digest('hex');
}

export function publicKeyText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64url');
}

/** The service's own public keys, current and previous. */
export function trustedKeys({ audit }: Pick<AppConfig, 'audit'>): ReadonlySet<string> {
  return new Set([createPublicKey(audit.signingKey), ...audit.previousKeys].map(publicKeyText));
}

/** Groups checkpoints by month; each month's are in the order of its chain. */
export function byMonth(checkpoints: readonly SignedCheckpoint[]): ReadonlyMap<Month, readonly SignedCheckpoint[]> {
  const months = new Map<Month, SignedCheckpoint[]>();
  for (const checkpoint of checkpoints.toSorted((a, b) => a.sequence - b.sequence)) {
    const others = months.get(checkpoint.month);
    if (others === undefined) months.set(checkpoint.month, [checkpoint]);
    else others.push(checkpoint);
  }
  return months;
}
