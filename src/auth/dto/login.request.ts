import { ValidationError } from '#platform/errors';
import { asSent, Field, anyText, trimmed } from '#platform/input';
import type { Login } from '#users';

const MAX_NAME_LENGTH = 255;
const MAX_PASSWORD_LENGTH = 1_024;

/** An email or a username, and the password. */
export class LoginRequest {
  @Field(
    anyText('email', MAX_NAME_LENGTH),
    'optional',
    { type: String, maxLength: MAX_NAME_LENGTH, example: 'ada@example.com' },
    { read: trimmed },
  )
  email?: string;

  @Field(
    anyText('username', MAX_NAME_LENGTH),
    'optional',
    { type: String, maxLength: MAX_NAME_LENGTH, example: 'adalovelace' },
    { read: trimmed },
  )
  username?: string;

  @Field(
    anyText('password', MAX_PASSWORD_LENGTH),
    'required',
    { type: String, format: 'password', maxLength: MAX_PASSWORD_LENGTH, example: 'Correct-horse-7-battery!' },
    { read: asSent },
  )
  password!: string;
}

/** @throws ValidationError unless exactly one name is given */
export function toLogin({ email, username }: LoginRequest): Login {
  if (email !== undefined && username === undefined) return { email };
  if (username !== undefined && email === undefined) return { username };
  const rule = email === undefined ? 'required' : 'not_allowed';
  throw ValidationError.ofField('email', rule, 'Either email or username is required');
}
