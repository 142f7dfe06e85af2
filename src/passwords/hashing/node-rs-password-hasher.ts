import type { AppConfig } from '#config';
import type { Argon2Parameters } from '../formats/argon2-hash.js';
import type { HashGate } from './hash-gate.js';
import { PasswordHasher } from './password-hasher.js';

export type NodeRsArgon2 = Pick<typeof import('@node-rs/argon2'), 'hash' | 'verify'>;

/** By `@node-rs/argon2`, in Rust: the same hashes at twice the rate, where its binary is installed. */
export class NodeRsPasswordHasher extends PasswordHasher {
  constructor(
    config: Pick<AppConfig, 'argon2'>,
    gate: HashGate,
    private readonly library: NodeRsArgon2,
  ) {
    super(config, gate);
  }

  protected override hashArgon2id(
    password: string,
    { memoryKiB, timeCost, parallelism }: Argon2Parameters,
  ): Promise<string> {
    // Its default algorithm and version are argon2id and 1.3.
    return this.library.hash(password, { memoryCost: memoryKiB, timeCost, parallelism });
  }

  protected override verifyArgon2(phc: string, password: string): Promise<boolean> {
    return this.library.verify(phc, password);
  }
}
