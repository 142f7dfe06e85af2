import { Injectable, type OnModuleInit } from '@nestjs/common';
import { argon2id, hash, verify } from 'argon2';
import { AppConfig } from '../../config/index.js';

/** Hashes passwords with argon2id (RFC 9106; OWASP Password Storage Cheat Sheet) into PHC strings. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly options: { type: typeof argon2id; memoryCost: number; timeCost: number; parallelism: number };
  /** What the password of an account that does not exist is compared with. */
  private decoy = '';

  constructor({ argon2 }: AppConfig) {
    this.options = {
      type: argon2id,
      memoryCost: argon2.memoryKiB,
      timeCost: argon2.timeCost,
      parallelism: argon2.parallelism,
    };
  }

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash('decoy');
  }

  hash(password: string): Promise<string> {
    return hash(password, this.options);
  }

  /** `stored` undefined, for an account that does not exist, costs the same work and is never right. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    const right = await verify(stored ?? this.decoy, password);
    return right && stored !== undefined;
  }
}
