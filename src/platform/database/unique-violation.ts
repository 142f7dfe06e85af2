import { causesOf, isDriverAdapterError } from '#platform/postgres';

/** The names of the index and of the columns of a refused duplicate; empty when the error is another one. */
export function uniqueViolation(error: unknown): readonly string[] {
  for (const cause of causesOf(error)) {
    if (isDriverAdapterError(cause) && cause.cause.kind === 'UniqueConstraintViolation') {
      const { constraint } = cause.cause;
      if (constraint === undefined) return ['unknown'];
      if ('index' in constraint) return [constraint.index];
      return 'fields' in constraint ? constraint.fields : ['unknown'];
    }
  }
  return [];
}
