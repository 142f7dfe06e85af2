import { ValidationError } from '#platform/errors';
import type { AttributeChanges } from '#platform/extensions';
import { ExtensionAttributes } from '#platform/input';
import { fromProfileJson, PROFILE_FIELDS, ProfileRequest } from '../profile-fields.js';
import type { UserUpdate } from '../user.js';
import { CurrentPassword, Email } from './user-fields.js';

/** At least one field besides `currentPassword`. */
export class UpdateUserRequest extends ProfileRequest('nullable', PROFILE_FIELDS) {
  @Email('optional')
  email?: string;

  /** Sent with a new email of one's own. */
  @CurrentPassword('currentPassword', 'optional')
  currentPassword?: string;

  @ExtensionAttributes()
  attributes?: object;
}

/**
 * @param attributes what was accepted of those sent
 * @throws ValidationError when there is nothing to change
 */
export function toUserUpdate(
  { currentPassword, email, ...profile }: Omit<UpdateUserRequest, 'attributes'>,
  attributes: AttributeChanges | undefined,
): UserUpdate {
  const changes = { ...(email === undefined ? {} : { email }), ...fromProfileJson(profile) };
  if (currentPassword !== undefined && email === undefined) {
    throw ValidationError.ofField('currentPassword', 'not_allowed', 'currentPassword goes with a new email only');
  }
  const nothing = [...Object.values(changes), ...Object.values(attributes ?? {})].every((value) => value === undefined);
  if (nothing) throw ValidationError.nothingToChange();
  return { changes, currentPassword, attributes };
}
