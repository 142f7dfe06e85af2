import { Injectable } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify } from 'argon2';
import { AppConfig } from '../../config/index.js';

/** Hashes passwords with argon2id (RFC 9106; OWASP Password Storage Cheat Sheet) into PHC strings. */
@Injectable()
export class PasswordHasher {
  private readonly options: { type: typeof argon2id; memoryCost: number; timeCost: number; parallelism: number };
  private decoy: Promise<string> | undefined;

  constructor({ argon2 }: AppConfig) {
    this.options = {
      type: argon2id,
      memoryCost: argon2.memoryKiB,
      timeCost: argon2.timeCost,
      parallelism: argon2.parallelism,
    };
  }

  hash(password: string): Promise<string> {
    return hash(password, this.options);
  }

  /** `stored` undefined, for an account that does not exist, costs the same work and is never right. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    this.decoy ??= this.hash('decoy');
    const right = await verify(stored ?? (await this.decoy), password);
    return right && stored !== undefined;
  }

  /** Whether a stored hash was made with other parameters than today's. */
  isOutdated(stored: string): boolean {
    return needsRehash(stored, this.options);
  }
}
