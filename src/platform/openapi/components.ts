import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { METHODS, schemaReference } from './documentation.js';
import { errorResponse } from './error.response.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Header = Readonly<Record<string, object>>;

/**
 * Moves what many operations repeat into components: the failures that have no code of a route's own, and the envelope of
 * each operation, named after it.
 *
 * @param headers what failures carry, besides their own headers
 */
export function shareComponents({ paths, components = {} }: OpenAPIObject, headers: (status: string) => Header): void {
  for (const operation of Object.values(paths).flatMap((item) => METHODS.flatMap((method) => item[method] ?? []))) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (response === undefined || '$ref' in response) continue;
      const common = errorResponse(Number(status));
      if (response.description === common.description) {
        const name = nameOf(status);
        components.responses = {
          ...components.responses,
          [name]: { ...common, headers: { ...common.headers, ...headers(status) } },
        };
        operation.responses[status] = { $ref: `#/components/responses/${name}` };
      }
    }
    nameEnvelope(operation, components);
  }
}

function nameEnvelope(
  { operationId, responses }: Operation,
  components: NonNullable<OpenAPIObject['components']>,
): void {
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
