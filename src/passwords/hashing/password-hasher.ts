import { Logger, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '#config';
import { requestContext } from '#platform/request';
import { type Argon2Parameters, isCurrent, readArgon2 } from '../formats/argon2-hash.js';
import { readBcrypt } from '../formats/bcrypt-hash.js';
import { HashQueue } from './hash-queue.js';
import { exceedsMaxLength } from '../policy/password-policy.js';
import { readPbkdf2 } from '../formats/pbkdf2-hash.js';
import { readScrypt } from '../formats/scrypt-hash.js';
import type { PasswordCheck } from '../formats/stored-hash.js';
import { UnusableHashError } from '../formats/unusable-hash.error.js';

/**
 * Hashes passwords with argon2id (RFC 9106; OWASP Password Storage Cheat Sheet) into PHC strings, and checks them
 * against what is stored, of this or an older format; also the injection token. An adapter brings the argon2.
 *
 * Everything waits in one queue. It throws HashQueueFullError where that is full, and ClientGoneError when the client
 * of the request hung up meanwhile.
 */
export abstract class PasswordHasher implements OnModuleInit {
  private readonly logger = new Logger('Passwords');
  private readonly parameters: Argon2Parameters;
  /** What everything that hashes waits in. */
  readonly queue: HashQueue;
  /** What the password of an account that does not exist is compared with. */
  private decoy = '';

  constructor({ argon2, hashing }: Pick<AppConfig, 'argon2' | 'hashing'>) {
    this.parameters = argon2;
    this.queue = new HashQueue(hashing.running, hashing.waiting);
  }

  /** @returns a PHC string of argon2id */
  protected abstract hashArgon2id(password: string, parameters: Argon2Parameters): Promise<string>;

  /** @param phc of any variant and version, within ARGON2_LIMITS */
  protected abstract verifyArgon2(phc: string, password: string): Promise<boolean>;

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash('decoy');
  }

  async hash(password: string): Promise<string> {
    return this.inQueue(() => this.hashArgon2id(password, this.parameters));
  }

  /** `stored` undefined, for an account that does not exist, costs the same work and is never right. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    // Nobody can have chosen it. Whose account it is sent for makes no difference to the answer or its time.
    if (exceedsMaxLength(password)) return false;
    const check = this.read(stored ?? this.decoy);
    const right = await this.inQueue(() =>
      check === undefined ? this.verifyArgon2(this.decoy, password) : check(password),
    );
    return right && check !== undefined && stored !== undefined;
  }

  /**
   * What is to be stored instead of `stored`, now that the password is there and right; `undefined` where that is what
   * would be made today, or where the queue is full: there is another login to do it.
   */
  async upgrade(stored: string, password: string): Promise<string | undefined> {
    if (isCurrent(stored, this.parameters) || this.queue.room <= 0) return undefined;
    return this.hash(password);
  }

  private inQueue<T>(work: () => Promise<T>): Promise<T> {
    return this.queue.run(work, requestContext()?.signal);
  }

  /** @returns `undefined` for a hash that no password can be right for */
  private read(stored: string): PasswordCheck | undefined {
    try {
      const argon2 = readArgon2(stored);
      if (argon2 !== undefined) return (password) => this.verifyArgon2(argon2.phc, password);
      const check = readBcrypt(stored) ?? readScrypt(stored) ?? readPbkdf2(stored);
      if (check === undefined) throw new UnusableHashError('it is of no known format');
      return check;
    } catch (error) {
      if (!(error instanceof UnusableHashError)) throw error;
      this.logger.warn(`A stored password hash is not used, so its account cannot log in: ${error.message}`);
      return undefined;
    }
  }
}
