import { type Fault, fault, ValidationError } from '#platform/errors';
import { Field, type Presence, textOf, uniqueTexts } from '#platform/input';
import { pathParameter, Target } from '#platform/request';
import { ROLE_NAME } from '../roles.js';

const MAX_ROLES = 100;
const MAX_DESCRIPTION_LENGTH = 255;
/** An upper bound: all modules together declare fewer permissions. */
const MAX_PERMISSIONS = 1_000;

const ROLE_NAME_SCHEMA = { type: 'string', pattern: ROLE_NAME.source, maxLength: 50 } as const;

/** A list of roles' names. */
export const RoleNames = (presence: Presence, description: string) =>
  Field(uniqueTexts('roles', MAX_ROLES), presence, {
    type: 'array',
    items: ROLE_NAME_SCHEMA,
    maxItems: MAX_ROLES,
    uniqueItems: true,
    example: ['auditor', 'user'],
    description,
  });

export const RoleName = () => Field(roleNameRule, 'required', { ...ROLE_NAME_SCHEMA, example: 'support' });

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
    description: 'Permissions from GET /permissions that the caller holds.',
  });

/** The `:name` of the path. */
export const RoleNameParameter = pathParameter(
  { name: 'name', schema: ROLE_NAME_SCHEMA },
  (name) => {
    const found = roleNameRule(name);
    if (found !== undefined) throw ValidationError.ofField('name', found.rule, found.message);
    return name;
  },
  Target('name', 'role', (name) => ROLE_NAME.test(name)),
);

function roleNameRule(value: unknown): Fault | undefined {
  if (typeof value === 'string' && ROLE_NAME.test(value)) return undefined;
  const message = 'name must be 2 to 50 lower-case letters, digits and hyphens, beginning with a letter';
  return fault(typeof value === 'string' ? 'format' : 'type', message);
}
