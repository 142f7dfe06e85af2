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
}

export function toNewAccount({ username, email, password, ...profile }: CreateUserRequest): NewAccount {
  return { username, email, password, ...fromProfileJson(profile) };
}
