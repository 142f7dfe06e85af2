import { applyDecorators } from '@nestjs/common';
import type { PasswordRule } from '#config';
import type { ApiPropertyOptions } from '#platform/openapi';
import { isEmail } from 'class-validator';
import { passwordFault } from '#passwords';
import { Field, type Presence, type Rule, textOf } from '#platform/input';

const ALPHANUMERIC = /^[A-Za-z0-9]*$/;
// ASCII, and the greatest lengths of a local part (RFC 5321, section 4.5.3.1.1) and of a label (RFC 1035, section 2.3.4).
const EMAIL_PARTS = /^[\x21-\x7e]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}$/;
const E164 = /^\+?[1-9]\d{1,14}$/;
const CALENDAR_DATE = /^\d{4}-\d{2}-\d{2}$/;
// The characters of a URI (RFC 3986), behind the two schemes a browser shows a picture from.
const HTTP_URI = /^https?:\/\/(?:\[[0-9a-f:.]+\])?(?:[\w\-.~:/?#@!$&'()*+,;=]|%[0-9a-f]{2})*$/i;
const MAX_EMAIL_LENGTH = 255;
const MAX_NAME_LENGTH = 100;
const MAX_TEXT_LENGTH = 500;
const MAX_CURRENT_PASSWORD_LENGTH = 1_024;

export const Username = () =>
  Field(usernameRule, 'required', {
    type: String,
    minLength: 3,
    maxLength: 50,
    pattern: '^[A-Za-z0-9]+$',
    example: 'adalovelace',
    description: 'Unique without regard to case.',
  });

export const Email = (presence: Presence = 'required') =>
  Field(emailRule, presence, {
    type: String,
    format: 'email',
    maxLength: MAX_EMAIL_LENGTH,
    example: 'ada@example.com',
    description: 'Unique without regard to case, kept as typed.',
  });

/** Judged by the configured rule; the service that takes it asks the whole policy. */
export const NewPassword = () => applyDecorators(newPassword('composition'), newPassword('length'));

/** Not checked against the policy: it may be older than that. */
export const CurrentPassword = (name: string, presence: Presence = 'required') =>
  Field(existingPasswordRule(name), presence, {
    type: String,
    format: 'password',
    maxLength: MAX_CURRENT_PASSWORD_LENGTH,
    example: 'Correct-horse-7-battery!',
  });

export const PersonName = (label: string, presence: Presence, example: string) =>
  Field(textOf(label, 1, MAX_NAME_LENGTH), presence, textDocs(1, MAX_NAME_LENGTH, example));

export const Bio = () => Field(textOf('Bio', 0, MAX_TEXT_LENGTH), 'nullable', textDocs(0, MAX_TEXT_LENGTH));

export const PhoneNumber = (presence: Presence) =>
  Field(phoneNumberRule, presence, {
    type: String,
    pattern: E164.source,
    example: '+441632960001',
    description: 'E.164',
  });

export const DateOfBirth = (presence: Presence) =>
  Field(dateOfBirthRule, presence, { type: String, format: 'date', example: '1815-12-10' });

export const ProfilePictureUrl = () =>
  Field(profilePictureUrlRule, 'nullable', {
    type: String,
    format: 'uri',
    maxLength: MAX_TEXT_LENGTH,
    example: 'https://example.com/ada.png',
  });

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
    rule,
  );
}

export function usernameRule(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'Username must be a string';
  if (!ALPHANUMERIC.test(value)) return 'Username must contain only alphanumeric characters';
  if (value.length < 3) return 'Username must be at least 3 characters';
  return value.length > 50 ? 'Username must not exceed 50 characters' : undefined;
}

export function emailRule(value: unknown): string | undefined {
  const valid =
    typeof value === 'string' &&
    value.length <= MAX_EMAIL_LENGTH &&
    EMAIL_PARTS.test(value) &&
    // Its own maximum for the whole is 254.
    isEmail(value, { allow_utf8_local_part: false, ignore_max_length: true });
  return valid ? undefined : 'Invalid email format';
}

function existingPasswordRule(name: string): Rule {
  return (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= MAX_CURRENT_PASSWORD_LENGTH
      ? undefined
      : `${name} must be a string of 1 to ${MAX_CURRENT_PASSWORD_LENGTH} characters`;
}

function phoneNumberRule(value: unknown): string | undefined {
  return typeof value === 'string' && E164.test(value) ? undefined : 'Phone number must be in E.164 format';
}

function dateOfBirthRule(value: unknown): string | undefined {
  if (typeof value !== 'string' || !isCalendarDate(value)) return 'Date of birth must be a real date, YYYY-MM-DD';
  return value > new Date().toISOString().slice(0, 10) ? 'Date of birth must not be in the future' : undefined;
}

/** Whether the day exists. There is no year 0 (PostgreSQL), and JavaScript would move 31 February on to March. */
function isCalendarDate(text: string): boolean {
  if (!CALENDAR_DATE.test(text) || text.startsWith('0000')) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function profilePictureUrlRule(value: unknown): string | undefined {
  if (typeof value !== 'string' || !HTTP_URI.test(value) || !URL.canParse(value)) {
    return 'Profile picture URL must be an http or https URI';
  }
  return value.length > MAX_TEXT_LENGTH
    ? `Profile picture URL must not exceed ${MAX_TEXT_LENGTH} characters`
    : undefined;
}

function textDocs(minLength: number, maxLength: number, example?: string): ApiPropertyOptions {
  return { type: String, minLength, maxLength, ...(example === undefined ? {} : { example }) };
}
