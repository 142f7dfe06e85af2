import { applyDecorators } from '@nestjs/common';
import type { PasswordRule } from '#config';
import { isEmail } from 'class-validator';
import { passwordFault } from '#passwords';
import { type Fault, fault } from '#platform/errors';
import { MAX_AUTH_BODY_BYTES } from '#platform/request';
import { anyString, asSent, Field, anyText, type Presence, trimmed } from '#platform/input';

const ALPHANUMERIC = /^[A-Za-z0-9]*$/;
// ASCII without quotes, with the greatest lengths of a local part (RFC 5321, section 4.5.3.1.1) and of a label (RFC 1035, section 2.3.4).
const EMAIL_PARTS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}$/;
const MAX_EMAIL_LENGTH = 255;
const MAX_CURRENT_PASSWORD_LENGTH = 1_024;

export const ONE_TIME_TOKEN_EXAMPLE = '4iV7mQk9cTn2xWZ0yR5sLhB8dJf1uAe3gKp6oNvXbYt';

export const Username = () =>
  Field(
    usernameRule,
    'required',
    {
      type: String,
      minLength: 3,
      maxLength: 50,
      pattern: '^[A-Za-z0-9]+$',
      example: 'adalovelace',
      description: 'Unique without regard to case.',
    },
    // NFC would make a K of the Kelvin sign.
    { read: asSent },
  );

export const Email = (presence: Presence = 'required') =>
  Field(
    emailRule,
    presence,
    {
      type: String,
      format: 'email',
      maxLength: MAX_EMAIL_LENGTH,
      example: 'ada@example.com',
      description: 'Unique without regard to case, kept as typed.',
    },
    { read: trimmed },
  );

/** Checks the configured rule; the service checks the whole policy. */
export const NewPassword = () =>
  applyDecorators(newPassword('composition'), newPassword('length'), newPassword('extension'));

/** What `POST /users/:id/password-reset` returned or a mail brought. Any text is taken: a token that is none is a 401. */
export const OneTimeToken = (name: string) =>
  Field(
    anyString(name),
    'required',
    { type: String, maxLength: MAX_AUTH_BODY_BYTES, example: ONE_TIME_TOKEN_EXAMPLE },
    { read: trimmed },
  );

/** Not checked against the policy, as the password may be older than the policy. */
export const CurrentPassword = (name: string, presence: Presence = 'required') =>
  Field(
    anyText(name, MAX_CURRENT_PASSWORD_LENGTH),
    presence,
    {
      type: String,
      format: 'password',
      minLength: 1,
      maxLength: MAX_CURRENT_PASSWORD_LENGTH,
      example: 'Correct-horse-7-battery!',
    },
    { read: asSent },
  );

function newPassword(rule: PasswordRule): PropertyDecorator {
  return Field(
    (value, dto) => passwordFault(value, dto, rule),
    'required',
    {
      type: String,
      format: 'password',
      minLength: 8,
      maxLength: 128,
      example: 'Correct-horse-7-battery!',
      description:
        'A lower-case and an upper-case letter, a digit and one of @$!%*?& (or, where the operator chose so, 15 ' +
        'characters of any kind); neither the username nor the email; no common password.',
    },
    { read: asSent, only: rule },
  );
}

export function usernameRule(value: unknown): Fault | undefined {
  if (typeof value !== 'string') return fault('type', 'Username must be a string');
  if (!ALPHANUMERIC.test(value)) return fault('format', 'Username must contain only alphanumeric characters');
  if (value.length < 3) return fault('min_length', 'Username must be at least 3 characters');
  return value.length > 50 ? fault('max_length', 'Username must not exceed 50 characters') : undefined;
}

export function emailRule(value: unknown): Fault | undefined {
  const message = 'Invalid email format';
  if (typeof value !== 'string') return fault('type', message);
  if (value.length > MAX_EMAIL_LENGTH) return fault('max_length', message);
  const valid =
    EMAIL_PARTS.test(value) &&
    // validator.js caps the whole address at 254; ours is 255.
    isEmail(value, { allow_utf8_local_part: false, ignore_max_length: true });
  return valid ? undefined : fault('format', message);
}
