import { Injectable } from '@nestjs/common';
import { AppConfig, type PasswordRule } from '#config';
import { type Fault, fault, ValidationError } from '#platform/errors';
import { Extensions } from '#platform/extensions';
import { exceedsMaxLength, MAX_CODE_POINTS, normalizePassword } from '../hashing/password-length.js';
import { BreachCheck } from './breach-check.js';
import { isCommonPassword } from './common-passwords.js';

const MIN_CODE_POINTS: Record<PasswordRule, number> = {
  composition: 8,
  // NIST SP 800-63B-4, section 3.1.1.2, for a password that is the only factor.
  length: 15,
  extension: 1,
};
const CLASSES = [/[a-z]/, /[A-Z]/, /[0-9]/, /[@$!%*?&]/];
/** Shorter names occur in too many good passwords by chance. */
const MIN_CONTEXT_LENGTH = 4;

/** What a password must not contain: the account's own names. */
export interface PasswordContext {
  readonly username?: unknown;
  readonly email?: unknown;
}

/** Returns what is wrong with a new password, or `undefined`. Checks everything but breached passwords. */
export function passwordFault(
  sent: unknown,
  context: PasswordContext,
  rule: PasswordRule = 'composition',
): Fault | undefined {
  if (typeof sent !== 'string') return fault('type', 'Password must be a string');
  if (exceedsMaxLength(sent)) return fault('max_length', `Password must not exceed ${MAX_CODE_POINTS} characters`);
  const password = normalizePassword(sent);
  if ([...password].length < MIN_CODE_POINTS[rule]) {
    return fault('min_length', `Password must be at least ${MIN_CODE_POINTS[rule]} characters`);
  }
  if (rule === 'composition' && !CLASSES.every((pattern) => pattern.test(password))) {
    return fault('weak_password', 'Password must contain uppercase, lowercase, number, and special character');
  }
  const folded = password.toLowerCase();
  if (contextWords(context).some((word) => folded.includes(word))) {
    return fault('weak_password', 'Password must not contain the username or the email');
  }
  return isCommonPassword(password) ? fault('common_password', 'Password is too common') : undefined;
}

/** The rule for new passwords, as it is configured. */
@Injectable()
export class PasswordPolicy {
  constructor(
    private readonly config: AppConfig,
    private readonly breaches: BreachCheck,
    private readonly extensions: Extensions,
  ) {}

  /**
   * @returns what is wrong with a new password, or `undefined`
   * @throws what an extension's rule throws
   */
  async fault(password: string, context: PasswordContext): Promise<Fault | undefined> {
    const found = passwordFault(password, context, this.config.passwordRule);
    if (found !== undefined) return found;
    const objection = await this.extensions.passwordRule?.check(normalizePassword(password), context);
    if (typeof objection === 'string') return fault('weak_password', objection);
    const breached = await this.breaches.has(normalizePassword(password));
    return breached ? fault('common_password', 'Password has appeared in a data breach') : undefined;
  }

  /**
   * @param field the request's, which the error names
   * @throws ValidationError
   */
  async check(field: string, password: string, context: PasswordContext): Promise<void> {
    const found = await this.fault(password, context);
    if (found !== undefined) throw ValidationError.ofField(field, found.rule, found.message);
  }
}

function contextWords({ username, email }: PasswordContext): string[] {
  return [username, typeof email === 'string' ? email.slice(0, email.lastIndexOf('@')) : undefined]
    .filter((word) => typeof word === 'string')
    .filter((word) => word.length >= MIN_CONTEXT_LENGTH)
    .map((word) => word.toLowerCase());
}
