import { ValidationError } from '#platform/errors';
import type { UserUpdate } from '../user.js';
import { Bio, CurrentPassword, DateOfBirth, Email, PersonName, PhoneNumber, ProfilePictureUrl } from './user-fields.js';

/** At least one field besides `currentPassword`. */
export class UpdateUserRequest {
  @Email('optional')
  email?: string;

  @PersonName('First name', 'nullable', 'Ada')
  firstName?: string | null;

  @PersonName('Last name', 'nullable', 'King')
  lastName?: string | null;

  @PhoneNumber('nullable')
  phoneNumber?: string | null;

  @DateOfBirth('nullable')
  dateOfBirth?: string | null;

  @ProfilePictureUrl()
  profilePictureUrl?: string | null;

  @Bio()
  bio?: string | null;

  /** Sent with a new email of one's own. */
  @CurrentPassword('currentPassword', 'optional')
  currentPassword?: string;
}

/** @throws ValidationError when there is nothing to change */
export function toUserUpdate({ currentPassword, dateOfBirth, ...rest }: UpdateUserRequest): UserUpdate {
  const changes = {
    ...rest,
    ...(dateOfBirth === undefined ? {} : { dateOfBirth: dateOfBirth === null ? null : new Date(dateOfBirth) }),
  };
  if (currentPassword !== undefined && changes.email === undefined) {
    throw ValidationError.of('currentPassword', 'currentPassword goes with a new email only');
  }
  if (Object.values(changes).every((value) => value === undefined)) {
    throw ValidationError.of('body', 'At least one field to change is required');
  }
  return { changes, currentPassword };
}
