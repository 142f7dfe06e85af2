import { argon2id, hash, verify } from 'argon2';
import { type Argon2Parameters, readArgon2 } from '../formats/argon2-hash.js';
import { PasswordHasher } from './password-hasher.js';

/** By `argon2`, the reference implementation in C. */
export class Argon2PasswordHasher extends PasswordHasher {
  protected override async hashArgon2id(
    password: string,
    { memoryKiB, timeCost, parallelism }: Argon2Parameters,
  ): Promise<string> {
    const written = await hash(password, { type: argon2id, memoryCost: memoryKiB, timeCost, parallelism });
    // It orders the parameters by the alphabet; the reference decoder wants m, t, p.
    return readArgon2(written)?.phc ?? written;
  }

  protected override verifyArgon2(phc: string, password: string): Promise<boolean> {
    return verify(phc, password);
  }
}
