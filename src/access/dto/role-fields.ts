import { Field, type Presence, textOf, uniqueTexts } from '#platform/input';
import { ROLE_NAME } from '../roles.js';

const MAX_DESCRIPTION_LENGTH = 255;
/** More than anybody declares. */
const MAX_PERMISSIONS = 1_000;

export const RoleName = () =>
  Field(roleNameRule, 'required', { type: String, pattern: ROLE_NAME.source, maxLength: 50, example: 'support' });

export const Description = () =>
  Field(textOf('Description', 0, MAX_DESCRIPTION_LENGTH), 'nullable', {
    type: String,
    maxLength: MAX_DESCRIPTION_LENGTH,
    example: 'Answers the phone',
  });

export const Permissions = (presence: Presence) =>
  Field(uniqueTexts('permissions', MAX_PERMISSIONS), presence, {
    type: [String],
    maxItems: MAX_PERMISSIONS,
    uniqueItems: true,
    example: ['users:read'],
    description: 'Of those that GET /permissions lists, and that one holds oneself.',
  });

export function roleNameRule(value: unknown): string | undefined {
  return typeof value === 'string' && ROLE_NAME.test(value)
    ? undefined
    : 'name must be 2 to 50 lower-case letters, digits and hyphens, beginning with a letter';
}
