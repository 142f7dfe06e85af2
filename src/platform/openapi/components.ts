import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type Operation, operationsOf, schemaReference } from './documentation.js';
import { errorResponse } from './error.response.js';

type Described = ReturnType<typeof operationsOf>[number];
type Components = NonNullable<OpenAPIObject['components']>;

/**
 * Moves what many operations repeat into components: the failures that are described alike everywhere, and the envelope of
 * each operation, named after it.
 *
 * @param headers what failures with a status carry, besides their own headers
 * @param carries whether the failures of an operation carry them
 */
export function shareComponents(
  document: OpenAPIObject,
  headers: (status: string) => Readonly<Record<string, object>>,
  carries: (described: Described) => boolean,
): void {
  const { components = {} } = document;
  for (const described of operationsOf(document)) {
    if (carries(described)) shareFailures(described.operation, components, headers);
    nameEnvelope(described.operation, components);
  }
}

function shareFailures(
  { responses }: Operation,
  components: Components,
  headers: (status: string) => Readonly<Record<string, object>>,
): void {
  for (const [status, response] of Object.entries(responses)) {
    const common = errorResponse(Number(status));
    // A route that says more of a failure keeps its own description.
    if (response === undefined || '$ref' in response || response.description !== common.description) continue;
    const name = nameOf(status);
    const shared = { ...common, headers: { ...common.headers, ...headers(status) } };
    components.responses = { ...components.responses, [name]: shared };
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
}

function nameEnvelope({ operationId, responses }: Operation, components: Components): void {
  if (operationId === undefined) return;
  const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}Envelope`;
  for (const [status, response] of Object.entries(responses)) {
    if (response === undefined || '$ref' in response || !status.startsWith('2')) continue;
    const content = response.content?.['application/json'];
    if (content?.schema === undefined || '$ref' in content.schema) continue;
    components.schemas = { ...components.schemas, [name]: content.schema };
    content.schema = schemaReference({ name });
  }
}

/** `404` is `NotFound`. */
function nameOf(status: string): string {
  return (STATUS_CODES[status] ?? status).replaceAll(/\W/g, '');
}
