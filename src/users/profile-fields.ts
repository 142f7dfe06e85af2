import type { Type } from '@nestjs/common';
import type { Prisma } from '#platform/database';
import { type Fault, fault } from '#platform/errors';
import { Field, isDay, type Presence, type Rule, textOf } from '#platform/input';
import type { ApiPropertyOptions } from '#platform/openapi';

const E164 = /^\+?[1-9]\d{1,14}$/;
// The characters of a URI (RFC 3986), after the two schemes that a browser shows a picture from.
const HTTP_URI = /^https?:\/\/(?:\[[0-9a-f:.]+\])?(?:[\w\-.~:/?#@!$&'()*+,;=]|%[0-9a-f]{2})*$/i;
const MAX_URL_LENGTH = 500;

/** What a request may send for a field, and what the API description says of it. */
interface FieldDefinition {
  readonly rule: Rule;
  readonly docs: ApiPropertyOptions;
}

/**
 * The optional fields of a profile, each a nullable column of the users table. Each one listed here is read, updated,
 * audited and returned.
 */
const PROFILE = {
  firstName: text('First name', 1, 100, 'Ada'),
  lastName: text('Last name', 1, 100, 'Lovelace'),
  phoneNumber: {
    rule: phoneNumberRule,
    docs: { type: String, pattern: E164.source, maxLength: 16, example: '+441632960001', description: 'E.164' },
  },
  dateOfBirth: { rule: dateOfBirthRule, docs: { type: String, format: 'date', maxLength: 10, example: '1815-12-10' } },
  profilePictureUrl: {
    rule: profilePictureUrlRule,
    docs: {
      type: String,
      format: 'uri',
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://',
      maxLength: MAX_URL_LENGTH,
      example: 'https://example.com/ada.png',
    },
  },
  bio: text('Bio', 0, 500, 'Writes programs for the Analytical Engine.'),
} satisfies Record<string, FieldDefinition>;

export type ProfileField = keyof typeof PROFILE;

export type Profile = Prisma.UserGetPayload<{ select: Record<ProfileField, true> }>;

/** A profile in JSON: a date is text. */
export type ProfileJson = { [F in ProfileField]: JsonValue<Profile[F]> };

type JsonValue<T> = T extends Date ? string : T;

export const PROFILE_FIELDS = Object.keys(PROFILE) as ProfileField[];

export const PROFILE_COLUMNS = Object.fromEntries(PROFILE_FIELDS.map((field) => [field, true])) as Record<
  ProfileField,
  true
>;

/** The base of a request that takes these fields of a profile. */
export function ProfileRequest<F extends ProfileField>(
  presence: Presence,
  fields: readonly F[],
): Type<Partial<Pick<ProfileJson, F>>> {
  // Its properties are the fields below.
  // oxlint-disable-next-line typescript/no-extraneous-class
  class ProfileRequestBase {}
  for (const field of fields) {
    const { rule, docs }: FieldDefinition = PROFILE[field];
    Field(rule, presence, docs)(ProfileRequestBase.prototype, field);
  }
  return ProfileRequestBase;
}

/** The fields of a request as their columns hold them; those that were not sent stay undefined. */
export function fromProfileJson({ dateOfBirth, ...others }: Partial<ProfileJson>): Partial<Profile> {
  if (dateOfBirth === undefined) return others;
  return { ...others, dateOfBirth: dateOfBirth === null ? null : new Date(dateOfBirth) };
}

export function toProfileJson(profile: Profile): ProfileJson {
  const json: Partial<Record<ProfileField, string | null>> = {};
  for (const field of PROFILE_FIELDS) json[field] = jsonValue(profile[field]);
  return json as ProfileJson;
}

function jsonValue<T>(value: T | Date): T | string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : value;
}

function text(label: string, minLength: number, maxLength: number, example: string): FieldDefinition {
  return { rule: textOf(label, minLength, maxLength), docs: { type: String, minLength, maxLength, example } };
}

function phoneNumberRule(value: unknown): Fault | undefined {
  if (typeof value === 'string' && E164.test(value)) return undefined;
  return fault(typeof value === 'string' ? 'format' : 'type', 'Phone number must be in E.164 format');
}

function dateOfBirthRule(value: unknown): Fault | undefined {
  const message = 'Date of birth must be a real date, YYYY-MM-DD';
  if (typeof value !== 'string') return fault('type', message);
  if (!isDay(value)) return fault('format', message);
  const inFuture = value > new Date().toISOString().slice(0, 10);
  return inFuture ? fault('maximum', 'Date of birth must not be in the future') : undefined;
}

function profilePictureUrlRule(value: unknown): Fault | undefined {
  const message = 'Profile picture URL must be an http or https URI';
  if (typeof value !== 'string') return fault('type', message);
  if (!HTTP_URI.test(value) || !URL.canParse(value)) return fault('format', message);
  const tooLong = value.length > MAX_URL_LENGTH;
  return tooLong ? fault('max_length', `Profile picture URL must not exceed ${MAX_URL_LENGTH} characters`) : undefined;
}
