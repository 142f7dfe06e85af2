import type { FieldFault } from '#platform/errors';

/**
 * Stands where a body or a query would, when it could not be read. The parsers run before the guards; the fault
 * is raised after them, so that a stranger learns nothing but that a token is missing.
 */
export class MalformedInput {
  /** Like any query, to Fastify. */
  readonly [field: string]: unknown;
  readonly details: readonly FieldFault[];

  constructor(field: 'body' | 'query', message: string) {
    this.details = [{ field, message }];
  }
}
