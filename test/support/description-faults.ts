import { exampleOf, NoExampleError } from '../../src/platform/openapi/examples.js';
import type { DeclaredResponse, Description, Json, Operation } from './description.js';

/** What the document puts before the description that the route has. */
const ACCESS = /^Access: [^\n]*\.(?:\n\n|$)/;
const SUCCESS = /^2\d\d$/;
const FAILURE = /^[45]\d\d$/;

/** One line for each thing that a route's description lacks, saying what to add. */
export function descriptionFaults({ paths, components: { schemas } }: Description): string[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      if (operation === undefined) return [];
      const route = `${method.toUpperCase()} ${path}`;
      return faultsOf(operation, schemas).map((fault) => `${route}: ${fault}`);
    }),
  );
}

function faultsOf(operation: Operation, schemas: Json): string[] {
  const { operationId, summary, description, tags, requestBody, responses } = operation;
  const statuses = Object.keys(responses);
  return [
    ...(operationId ? [] : ['add an operationId to @ApiOperation']),
    ...(summary ? [] : ['add a summary to @ApiOperation']),
    ...(description?.replace(ACCESS, '') ? [] : ['add a description to @ApiOperation']),
    ...(tags?.length ? [] : ['add @ApiTags to the controller']),
    ...(operation['x-access'] === undefined ? ['add an access rule, such as @RequirePermissions'] : []),
    // Without @ApiAnswer, Nest declares a success that says nothing.
    ...(statuses.some((status) => SUCCESS.test(status) && responses[status]?.description) ? [] : ['add @ApiAnswer']),
    ...(statuses.some((status) => FAILURE.test(status)) ? [] : ['add its errors to @ApiAnswer']),
    ...missingExamples(requestBody, schemas),
    ...Object.values(responses).flatMap((response) => missingExamples(response, schemas)),
  ];
}

function missingExamples(part: Pick<DeclaredResponse, 'content'> | undefined, schemas: Json): string[] {
  return Object.values(part?.content ?? {}).flatMap((content) => {
    if (content === undefined || content.example !== undefined) return [];
    try {
      exampleOf(content.schema, schemas as Parameters<typeof exampleOf>[1]);
      return [];
    } catch (error) {
      if (error instanceof NoExampleError) return [`add an example: ${error.message}`];
      throw error;
    }
  });
}
