import { Logger, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '#config';
import { type Argon2Parameters, isCurrent, readArgon2 } from '../formats/argon2-hash.js';
import { readBcrypt } from '../formats/bcrypt-hash.js';
import type { HashGate } from './hash-gate.js';
import { exceedsMaxLength, normalizePassword } from './password-length.js';
import { readPbkdf2 } from '../formats/pbkdf2-hash.js';
import { readScrypt } from '../formats/scrypt-hash.js';
import type { PasswordCheck } from '../formats/stored-hash.js';
import { UnusableHashError } from '../formats/unusable-hash.error.js';

/**
 * Hashes passwords with argon2id (RFC 9106; OWASP Password Storage Cheat Sheet) into PHC strings, and checks them
 * against stored hashes of this format or an older one; also the injection token. An adapter brings the argon2.
 *
 * All hashes pass the gate: the methods throw HashQueueFullError, and ClientGoneError when the client has hung up.
 */
export abstract class PasswordHasher implements OnModuleInit {
  private readonly logger = new Logger('Passwords');
  private readonly parameters: Argon2Parameters;
  /** What the password of an account that does not exist is compared with. */
  private decoy = '';

  constructor(
    { argon2 }: Pick<AppConfig, 'argon2'>,
    private readonly gate: HashGate,
  ) {
    this.parameters = argon2;
  }

  /** @returns a PHC string of argon2id */
  protected abstract hashArgon2id(password: string, parameters: Argon2Parameters): Promise<string>;

  /** @param phc of any variant and version, within ARGON2_LIMITS */
  protected abstract verifyArgon2(phc: string, password: string): Promise<boolean>;

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash('decoy');
  }

  async hash(password: string): Promise<string> {
    return this.gate.run(() => this.hashArgon2id(normalizePassword(password), this.parameters));
  }

  /** Without `stored`, for an account that does not exist or has no password, it costs the same work and is never right. */
  async verify(stored: string | null | undefined, password: string): Promise<boolean> {
    // No account has such a password, so the fast answer is the same for all of them.
    if (exceedsMaxLength(password)) return false;
    const check = this.read(stored ?? this.decoy);
    const right = await this.gate.run(() =>
      anyForm(check ?? ((form) => this.verifyArgon2(this.decoy, form)), password),
    );
    return right && check !== undefined && typeof stored === 'string';
  }

  /** @returns a hash of the same password to replace `stored`; `undefined` if that has today's format, parameters and NFC */
  async upgrade(stored: string, password: string): Promise<string | undefined> {
    const normal = normalizePassword(password);
    const current = isCurrent(stored, this.parameters) && (normal === password || (await this.verify(stored, normal)));
    return current ? undefined : this.hash(normal);
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

/** Hashes from before passwords were normalised are of the text as it was sent. */
async function anyForm(check: PasswordCheck, password: string): Promise<boolean> {
  const normal = normalizePassword(password);
  return (await check(normal)) || (normal !== password && check(password));
}
