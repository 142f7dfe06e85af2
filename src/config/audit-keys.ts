import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { collectFaults, ConfigError } from './config.error.js';
import { keyOrUndefined, PEM_BLOCK, pemEntries, readPem } from './pem.js';

/** What stands before the 32 bytes of an Ed25519 private key (RFC 8410, section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface AuditKeys {
  readonly key: KeyObject | undefined;
  readonly previous: readonly KeyObject[];
  readonly faults: readonly string[];
}

/** Reads `AUDIT_SIGNING_KEY` and `AUDIT_PREVIOUS_PUBLIC_KEYS`: an Ed25519 private key, as PEM or in a file. */
export function readAuditKeys(signing: string | undefined, previous: string | undefined): AuditKeys {
  const faults: string[] = [];
  return {
    key: signing === undefined ? undefined : collectFaults(faults, () => readEd25519('AUDIT_SIGNING_KEY', signing)),
    previous: previous === undefined ? [] : (collectFaults(faults, () => readEd25519Publics(previous)) ?? []),
    faults,
  };
}

function readEd25519Publics(given: string): KeyObject[] {
  const name = 'AUDIT_PREVIOUS_PUBLIC_KEYS';
  const blocks = pemEntries(given).flatMap((entry) =>
    [...readPem(name, entry).matchAll(PEM_BLOCK)].map(([block]) => block),
  );
  const keys = blocks.map((block) => keyOrUndefined(() => createPublicKey(block)));
  const good = keys.filter((key) => key?.asymmetricKeyType === 'ed25519');
  if (good.length === 0 || good.length < keys.length)
    throw new ConfigError([`${name} must be Ed25519 public keys in PEM`]);
  return good.filter((key) => key !== undefined);
}

/** The Ed25519 key that signs checkpoints where none is configured. */
export function deriveAuditKey(secret: string): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'audit checkpoints', 32));
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function readEd25519(name: string, given: string): KeyObject {
  const pem = readPem(name, given);
  const key = keyOrUndefined(() => createPrivateKey(pem));
  if (key?.asymmetricKeyType !== 'ed25519') throw new ConfigError([`${name} must be an Ed25519 private key in PEM`]);
  return key;
}
