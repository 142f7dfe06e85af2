import { ValidationError } from '#platform/errors';
import { Field, type Rule } from '#platform/input';
import type { Login } from '#users';

const MAX_NAME_LENGTH = 255;
const MAX_PASSWORD_LENGTH = 1_024;

/** An email or a username, and the password. */
export class LoginRequest {
  @Field(loginNameRule('email'), 'optional', { type: String, maxLength: MAX_NAME_LENGTH, example: 'ada@example.com' })
  email?: string;

  @Field(loginNameRule('username'), 'optional', { type: String, maxLength: MAX_NAME_LENGTH })
  username?: string;

  @Field(passwordRule, 'required', {
    type: String,
    format: 'password',
    maxLength: MAX_PASSWORD_LENGTH,
    example: 'Correct-horse-7-battery!',
  })
  password!: string;
}

/** @throws ValidationError unless exactly one name is given */
export function toLogin({ email, username }: LoginRequest): Login {
  if (email !== undefined && username === undefined) return { email };
  if (username !== undefined && email === undefined) return { username };
  throw ValidationError.of('email', 'Either email or username is required');
}

function loginNameRule(name: string): Rule {
  return (value) =>
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH
      ? undefined
      : `${name} must be a string of 1 to ${MAX_NAME_LENGTH} characters`;
}

function passwordRule(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_PASSWORD_LENGTH
    ? undefined
    : `password must be a string of 1 to ${MAX_PASSWORD_LENGTH} characters`;
}
