import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf, schemaReference } from './documentation.js';
import { ErrorResponse } from './error.response.js';

/** What is read of a schema to make an example of it. */
interface ExampleSchema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, ExampleSchema>>;
  readonly required?: readonly string[];
  readonly items?: ExampleSchema;
  readonly contentSchema?: ExampleSchema;
  readonly oneOf?: readonly ExampleSchema[];
  readonly allOf?: readonly ExampleSchema[];
}

const BY_FORMAT = new Map<string | undefined, string>([
  ['uuid', '01931b8e-3c5a-7cc1-9d0e-2f6b8a4d1e37'],
  ['date-time', '2026-11-23T19:00:24.552Z'],
]);

/** A part of a schema has no example; the message names it. */
export class NoExampleError extends Error {}

/**
 * Makes the example of a schema from the examples of its parts. A property that may be left out is left out, unless it has
 * an example of its own.
 *
 * @param path where the schema is, for the error
 * @throws NoExampleError
 */
export function exampleOf(
  schema: ExampleSchema,
  schemas: Readonly<Record<string, ExampleSchema>>,
  path = 'the body',
): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.enum !== undefined) return schema.enum[0];
  const { $ref, format, type, allOf, oneOf, contentSchema, items, properties = {}, required = [] } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return exampleOf(schemas[name] ?? {}, schemas, name);
  }
  if (contentSchema !== undefined) return `${JSON.stringify(exampleOf(contentSchema, schemas, path))}\n`;
  if (oneOf?.[0] !== undefined) return exampleOf(oneOf[0], schemas, path);
  if (allOf !== undefined) {
    const parts = allOf.map((part) => exampleOf(part, schemas, path));
    return Object.assign({}, ...parts) as object;
  }
  if (type === 'array' && items !== undefined) return [exampleOf(items, schemas, `an item of ${path}`)];
  if (type === 'object') {
    const shown = Object.entries(properties).filter(
      ([name, { example }]) => required.includes(name) || example !== undefined,
    );
    return Object.fromEntries(shown.map(([name, property]) => [name, exampleOf(property, schemas, `${path}.${name}`)]));
  }
  if (type === 'null') return null;
  const example = BY_FORMAT.get(format);
  if (example === undefined) throw new NoExampleError(`${path} has no example`);
  return example;
}

/** The same example with some values replaced, at any depth. */
function replaceIn(example: unknown, replacement: unknown): unknown {
  if (!isObject(example) || !isObject(replacement)) return replacement;
  const replaced = Object.entries(replacement).map(([key, value]) => [key, replaceIn(example[key], value)] as const);
  return { ...example, ...Object.fromEntries(replaced) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Content {
  readonly schema?: ExampleSchema;
  example?: unknown;
}

/**
 * Gives every request body and every answer with a model an example. What a route itself says of its example stands; where
 * a part has none, the example is left out, and `npm test` names the part.
 */
export function addExamples(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Readonly<Record<string, ExampleSchema>>;
  for (const { operation } of operationsOf(document)) {
    const { requestBody, responses } = operation;
    for (const part of [requestBody, ...Object.values(responses)]) {
      if (part === undefined || '$ref' in part) continue;
      for (const content of Object.values(part.content ?? {}) as Content[]) addExample(content, schemas);
    }
  }
}

function addExample(content: Content, schemas: Readonly<Record<string, ExampleSchema>>): void {
  const { schema = {}, example } = content;
  if (schema.$ref === schemaReference(ErrorResponse).$ref) return;
  try {
    const whole = exampleOf(schema, schemas);
    content.example = example === undefined ? whole : replaceIn(whole, example);
  } catch (error) {
    if (!(error instanceof NoExampleError)) throw error;
  }
}
