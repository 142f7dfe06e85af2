import type { NewAccount } from '../users.service.js';
import { DateOfBirth, Email, NewPassword, PersonName, PhoneNumber, Username } from './user-fields.js';

export class CreateUserRequest {
  @Username()
  username!: string;

  @Email()
  email!: string;

  @NewPassword()
  password!: string;

  @PersonName('First name', 'optional', 'Ada')
  firstName?: string;

  @PersonName('Last name', 'optional', 'Lovelace')
  lastName?: string;

  @PhoneNumber('optional')
  phoneNumber?: string;

  @DateOfBirth('optional')
  dateOfBirth?: string;
}

export function toNewAccount({ dateOfBirth, ...account }: CreateUserRequest): NewAccount {
  return { ...account, ...(dateOfBirth === undefined ? {} : { dateOfBirth: new Date(dateOfBirth) }) };
}
