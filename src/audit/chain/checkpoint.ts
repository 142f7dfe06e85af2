import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { AppConfig } from '#config';
import { canonicalJson, type Month } from './chain.js';

/**
 * Where a chain stood at a time. `open`: it goes on; `sealed`: its month is over; `dropped`: its month has been removed, as
 * it was older than entries are kept.
 */
export interface Checkpoint {
  readonly id: string;
  readonly kind: 'open' | 'sealed' | 'dropped';
  readonly month: Month;
  /** How many entries the chain had. */
  readonly sequence: number;
  /** Of its last link, in hexadecimal. */
  readonly hash: string;
  readonly entryId: string;
  /** ISO 8601. */
  readonly time: string;
  /** SHA-256 of the checkpoint before, in hexadecimal; of whichever month that was. */
  readonly previous: string | null;
}

export interface SignedCheckpoint extends Checkpoint {
  /** Ed25519: its DER (SPKI), base64url. */
  readonly publicKey: string;
  /** Of the checkpoint's canonical JSON without these two, base64url. */
  readonly signature: string;
}

export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): SignedCheckpoint {
  return {
    ...checkpoint,
    publicKey: publicKeyText(createPublicKey(key)),
    signature: sign(null, Buffer.from(canonicalJson(checkpoint)), key).toString('base64url'),
  };
}

/** @param trusted the public keys that are believed */
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

/** Of all that it says, in hexadecimal. */
export function hashOfCheckpoint(checkpoint: SignedCheckpoint): string {
  return createHash('sha256').update(canonicalJson(checkpoint)).digest('hex');
}

export function publicKeyText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64url');
}

/** The public keys of one's own, the present one and those before. */
export function trustedKeys({ audit }: Pick<AppConfig, 'audit'>): ReadonlySet<string> {
  return new Set([createPublicKey(audit.signingKey), ...audit.previousKeys].map(publicKeyText));
}

/** Checkpoints by their month, those of each in the order of its chain. */
export function byMonth(checkpoints: readonly SignedCheckpoint[]): ReadonlyMap<Month, readonly SignedCheckpoint[]> {
  const months = new Map<Month, SignedCheckpoint[]>();
  for (const checkpoint of checkpoints.toSorted((a, b) => a.sequence - b.sequence)) {
    const others = months.get(checkpoint.month);
    if (others === undefined) months.set(checkpoint.month, [checkpoint]);
    else others.push(checkpoint);
  }
  return months;
}
