import { ConfigError } from '#config';
import { isDatabaseUnavailable } from '#platform/postgres';
import { DomainError, StartupError } from '#platform/errors';

/** What the operator reads: the message of a fault they can mend, the whole stack of a bug. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartupError) return error.message;
  if (error instanceof DomainError) return error.details?.[0]?.message ?? error.message;
  if (isDatabaseUnavailable(error)) return 'The database does not answer.';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
