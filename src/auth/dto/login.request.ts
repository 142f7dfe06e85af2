import { ValidationError } from '#platform/errors';
import { ApiProperty } from '#platform/openapi';
import { asSent, Field, anyText, trimmed } from '#platform/input';
import type { Login } from '#users';

const MAX_NAME_LENGTH = 255;
const MAX_PASSWORD_LENGTH = 1_024;

const EMAIL = { type: String, minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'ada@example.com' } as const;
const USERNAME = { type: String, minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'adalovelace' } as const;
const PASSWORD = {
  type: String,
  format: 'password',
  minLength: 1,
  maxLength: MAX_PASSWORD_LENGTH,
  example: 'Correct-horse-7-battery!',
} as const;

/** An email or a username, and the password. The API description shows it as one of the two requests below. */
export class LoginRequest {
  @Field(anyText('email', MAX_NAME_LENGTH), 'optional', EMAIL, { read: trimmed })
  email?: string;

  @Field(anyText('username', MAX_NAME_LENGTH), 'optional', USERNAME, { read: trimmed })
  username?: string;

  @Field(anyText('password', MAX_PASSWORD_LENGTH), 'required', PASSWORD, { read: asSent })
  password!: string;
}

export class LoginByEmailRequest {
  @ApiProperty(EMAIL)
  email!: string;

  @ApiProperty(PASSWORD)
  password!: string;
}

export class LoginByUsernameRequest {
  @ApiProperty(USERNAME)
  username!: string;

  @ApiProperty(PASSWORD)
  password!: string;
}

/** @throws ValidationError unless exactly one name is given */
export function toLogin({ email, username }: LoginRequest): Login {
  if (email !== undefined && username === undefined) return { email };
  if (username !== undefined && email === undefined) return { username };
  const rule = email === undefined ? 'required' : 'not_allowed';
  throw ValidationError.ofField('email', rule, 'Either email or username is required');
}
