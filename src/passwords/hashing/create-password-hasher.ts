import { Logger } from '@nestjs/common';
import type { AppConfig } from '#config';
import { StartupError } from '#platform/errors';
import { Argon2PasswordHasher } from './argon2-password-hasher.js';
import { type NodeRsArgon2, NodeRsPasswordHasher } from './node-rs-password-hasher.js';
import type { HashGate } from './hash-gate.js';
import type { PasswordHasher } from './password-hasher.js';

/**
 * Chooses the implementation that PASSWORD_HASHER names.
 *
 * @param load brings `@node-rs/argon2`; rejects where it, or a binary of it for this platform, is not installed
 * @throws StartupError when it is required and not installed
 */
export async function createPasswordHasher(
  config: Pick<AppConfig, 'argon2' | 'hashing'>,
  gate: HashGate,
  load: () => Promise<NodeRsArgon2> = () => import('@node-rs/argon2'),
): Promise<PasswordHasher> {
  const { implementation } = config.hashing;
  if (implementation === 'argon2') return new Argon2PasswordHasher(config, gate);
  try {
    return new NodeRsPasswordHasher(config, gate, await load());
  } catch (error) {
    if (implementation === 'node-rs') {
      throw new StartupError('PASSWORD_HASHER=node-rs: the optional package @node-rs/argon2 is not installed here.');
    }
    new Logger('Passwords').debug(`Hashing with argon2, as @node-rs/argon2 is not installed: ${String(error)}`);
    return new Argon2PasswordHasher(config, gate);
  }
}
