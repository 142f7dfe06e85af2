import type { Fault, FieldFault } from '#platform/errors';

/**
 * Takes the place of a body or a query that could not be read. The parsers run before the guards, but the fault is
 * raised after them, so that a client without a token learns only that the token is missing.
 */
export class MalformedInput {
  /** Fastify's type of a query. */
  readonly [field: string]: unknown;
  readonly details: readonly FieldFault[];

  constructor(field: 'body' | 'query', fault: Fault) {
    this.details = [{ ...fault, field }];
  }
}
