import type { AttributeChanges } from '#platform/extensions';
import { ExtensionAttributes } from '#platform/input';
import { fromProfileJson, ProfileRequest } from '../profile-fields.js';
import type { NewAccount } from '../users.service.js';
import { Email, NewPassword, Username } from './user-fields.js';

export class CreateUserRequest extends ProfileRequest('nullable', [
  'firstName',
  'lastName',
  'phoneNumber',
  'dateOfBirth',
]) {
  @Username()
  username!: string;

  @Email()
  email!: string;

  @NewPassword()
  password!: string;

  @ExtensionAttributes()
  attributes?: object;
}

/** @param attributes what was accepted of those sent */
export function toNewAccount(
  { username, email, password, ...profile }: Omit<CreateUserRequest, 'attributes'>,
  attributes: AttributeChanges | undefined,
): NewAccount {
  return { username, email, password, ...fromProfileJson(profile), attributes };
}
