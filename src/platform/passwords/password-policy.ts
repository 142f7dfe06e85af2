const MIN_CODE_POINTS = 8;
const MAX_CODE_POINTS = 128;
const CLASSES = [/[a-z]/, /[A-Z]/, /[0-9]/, /[@$!%*?&]/];
/** Shorter names occur in too many good passwords by chance. */
const MIN_CONTEXT_LENGTH = 4;

/** What a password must not contain: the account's own names. */
export interface PasswordContext {
  readonly username?: unknown;
  readonly email?: unknown;
}

/** Says what is wrong with a new password, or `undefined`. */
export function passwordFault(password: unknown, context: PasswordContext): string | undefined {
  if (typeof password !== 'string') return 'Password must be a string';
  const length = [...password].length;
  if (length < MIN_CODE_POINTS) return `Password must be at least ${MIN_CODE_POINTS} characters`;
  if (length > MAX_CODE_POINTS) return `Password must not exceed ${MAX_CODE_POINTS} characters`;
  if (!CLASSES.every((pattern) => pattern.test(password))) {
    return 'Password must contain uppercase, lowercase, number, and special character';
  }
  const folded = password.toLowerCase();
  if (contextWords(context).some((word) => folded.includes(word))) {
    return 'Password must not contain the username or the email';
  }
  return undefined;
}

function contextWords({ username, email }: PasswordContext): string[] {
  return [username, typeof email === 'string' ? email.slice(0, email.lastIndexOf('@')) : undefined]
    .filter((word) => typeof word === 'string')
    .filter((word) => word.length >= MIN_CONTEXT_LENGTH)
    .map((word) => word.toLowerCase());
}
