import { createRequire } from 'node:module';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type * as Swagger from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { AppConfig } from '#config';
import { shareComponents } from './components.js';
import { addDeclarations, type Declarations } from './declarations.js';
import {
  applyDocumentation,
  ETAGS_SCHEMA,
  type Operation,
  operationsOf,
  REFRESH_COOKIE_SCHEME,
} from './documentation.js';
import { ErrorResponse, errorResponse, type ErrorStatus } from './error.response.js';
import { serveExplorerPage } from './explorer.js';
import { addExamples } from './examples.js';
import { toOpenApi30 } from './openapi-3.0.js';
import { INTRODUCTION, TAGS } from './introduction.js';

/** The headers that many responses have. */
const COMMON_HEADERS = {
  'X-Request-Id': { description: 'The id of the request, also in the log.', schema: { type: 'string' as const } },
  'RateLimit-Limit': {
    description: 'How many requests a client has in a window.',
    schema: { type: 'integer' as const, format: 'int32' },
  },
  'RateLimit-Remaining': {
    description: 'How many of them are left.',
    schema: { type: 'integer' as const, format: 'int32' },
  },
  'RateLimit-Reset': {
    description: 'Seconds until the window ends.',
    schema: { type: 'integer' as const, format: 'int32' },
  },
  'Idempotency-Replayed': {
    description: '`true` where this is the answer to an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string' as const },
  },
};

/** The statuses of answers that are kept for an `Idempotency-Key`. */
const REPLAYED = /^(?:2..|404|409|412)$/;
const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const;

const { version: release } = createRequire(import.meta.url)('../../../package.json') as { version: string };

/** The description of the API, generated from its controllers and DTOs. */
export async function describeApi(app: NestFastifyApplication, declarations: Declarations): Promise<OpenAPIObject> {
  return describe(app, declarations, await applyDocumentation());
}

/**
 * Serves the explorer at `/docs`, where `/` leads, and the description at `/openapi.json`, `/openapi.yaml` and
 * `/openapi-3.0.json`.
 */
export async function serveExplorer(
  app: NestFastifyApplication,
  config: AppConfig,
  declarations: Declarations,
): Promise<void> {
  const swagger = await applyDocumentation();
  const { publicUrl, publicPath } = config;
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/', async (_request, reply) => reply.redirect(`${publicPath}/docs`));
  await serveExplorerPage(fastify, config);
  // Made when they are first asked for, when all controllers are there, and kept: no rate limit counts these routes.
  const document = once(() => withAddress(publicUrl, describe(app, declarations, swagger)));
  const texts = {
    '/openapi.json': once(() => JSON.stringify(document())),
    '/openapi-3.0.json': once(() => JSON.stringify(toOpenApi30(document()))),
    '/openapi.yaml': once(async () => {
      const { stringify } = await import('yaml');
      return stringify(document(), { aliasDuplicateObjects: false });
    }),
  };
  for (const [path, text] of Object.entries(texts)) {
    const type = path.endsWith('.json') ? 'application/json' : 'text/yaml';
    fastify.get(path, async (_request, reply) => reply.type(`${type}; charset=utf-8`).send(await text()));
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The same document, with the address of the server where it is known. */
function withAddress(publicUrl: string | undefined, document: OpenAPIObject): OpenAPIObject {
  if (publicUrl === undefined) return document;
  const { info } = document;
  return {
    ...document,
    info: { ...info, contact: { ...info.contact, url: publicUrl } },
    servers: [{ url: publicUrl }],
  };
}

function describe(
  app: NestFastifyApplication,
  declarations: Declarations,
  { DocumentBuilder, SwaggerModule }: typeof Swagger,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('User Management API')
    .setDescription(INTRODUCTION)
    .setVersion(release)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'An access token, made and checked as RFC8725 advises.',
    })
    .addServer('/')
    .addCookieAuth(
      '__Host-refresh',
      {
        type: 'apiKey',
        in: 'cookie',
        description: 'A refresh token, with `X-Requested-With`; `refresh` in development.',
      },
      REFRESH_COOKIE_SCHEME,
    );
  const document = SwaggerModule.createDocument(app, builder.build(), {
    autoTagControllers: false,
    extraModels: [ErrorResponse],
    // Ids are part of the contract with generated clients: a route's own `operationId`, or none.
    operationIdFactory: () => '',
  });
  for (const { operation, method, path } of operationsOf(document)) complete(operation, method, path);
  shareComponents(document, failureHeaders, ({ operation, path }) => isCounted(operation, path));
  closeRequestSchemas(document);
  addDeclarations(document, declarations);
  addExamples(document);
  document.tags = tagsOf(document);
  document.components = { ...document.components, headers: COMMON_HEADERS };
  document.info.contact = { name: 'The operator of this server' };
  return document;
}

/** The groups in reading order; those of extensions follow. */
function tagsOf(document: OpenAPIObject) {
  const used = new Set(operationsOf(document).flatMap(({ operation: { tags = [] } }) => tags));
  const known = TAGS.filter(({ name }) => used.has(name));
  const others = [...used].filter((name) => !TAGS.some((tag) => tag.name === name));
  return [...known, ...others.map((name) => ({ name }))];
}

/** Adds what follows from a route's access rule, path and method: its failures, and the headers of every answer. */
function complete(operation: Operation, method: string, path: string): void {
  if (operation.operationId === '') delete operation.operationId;
  const extensions = new Map<string, unknown>(Object.entries(operation));
  const access = extensions.get('x-access');
  const counted = isCounted(operation, path);
  const repeatable = method !== 'get' && !path.includes('/auth/') && !extensions.has('x-without-idempotency-key');
  if (typeof access === 'string' && access !== 'anyone') {
    operation.description = [`Access: ${access}.`, operation.description].filter(Boolean).join('\n\n');
  }
  for (const status of impliedErrors(operation, extensions, method, path, counted)) {
    operation.responses[status] ??= errorResponse(status);
  }
  if (repeatable) addIdempotencyKey(operation);
  if (method === 'get') addNotModified(operation);
  operation.parameters?.sort((one, other) => placeOf(one) - placeOf(other));
  for (const response of Object.values(operation.responses)) {
    if (response !== undefined && !('$ref' in response)) {
      response.headers = {
        ...response.headers,
        ...commonHeaders('X-Request-Id', ...(counted ? RATE_LIMIT_HEADERS : [])),
      };
    }
  }
}

function commonHeaders(...names: (keyof typeof COMMON_HEADERS)[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Whether the rate limit counts the operation's requests. */
function isCounted(operation: Operation, path: string): boolean {
  return path.startsWith('/api/') && !('x-uncounted' in operation);
}

/** Parameters are described in the order in which a request is written. */
function placeOf(parameter: NonNullable<Operation['parameters']>[number]): number {
  return '$ref' in parameter ? -1 : ['path', 'query', 'header', 'cookie'].indexOf(parameter.in);
}

/** The headers that failures carry, the description of which all operations share. */
function failureHeaders(status: string) {
  const replayed = REPLAYED.test(status) ? (['Idempotency-Replayed'] as const) : [];
  return commonHeaders('X-Request-Id', ...RATE_LIMIT_HEADERS, ...replayed);
}

/** A GET with an `ETag` answers 304 to a client that already has this version. */
function addNotModified(operation: Operation): void {
  const success = operation.responses['200'];
  const etag = success === undefined || '$ref' in success ? undefined : success.headers?.['ETag'];
  if (etag === undefined) return;
  const description = 'The version of `If-None-Match` is the current one.';
  operation.responses['304'] = { description, headers: { ETag: etag } };
  const condition = {
    name: 'If-None-Match',
    in: 'header' as const,
    description: 'The ETag of a copy at hand.',
    required: false,
    schema: ETAGS_SCHEMA,
  };
  operation.parameters = [condition, ...(operation.parameters ?? [])];
}

/** A route that changes something answers a repeated request with its first answer. */
function addIdempotencyKey(operation: Operation): void {
  const key = {
    name: 'Idempotency-Key',
    in: 'header' as const,
    description:
      'Chosen by the client, for one request and its retries: for 24 hours they get the first answer, and nothing is ' +
      'done twice.',
    required: false,
    schema: { type: 'string' as const, minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  };
  operation.parameters = [...(operation.parameters ?? []), key];
  for (const status of [409, 422] as const) operation.responses[status] ??= errorResponse(status);
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response === undefined || '$ref' in response || !REPLAYED.test(status)) continue;
    response.headers = { ...response.headers, ...commonHeaders('Idempotency-Replayed') };
  }
}

function impliedErrors(
  operation: Operation,
  extensions: ReadonlyMap<string, unknown>,
  method: string,
  path: string,
  counted: boolean,
): ErrorStatus[] {
  const access = extensions.get('x-access');
  const needsToken = operation.security?.some((scheme) => 'bearer' in scheme) === true;
  const needsMore = needsToken && access !== 'any user';
  return [
    400,
    ...(counted ? [429 as const] : []),
    ...(needsToken ? [401 as const] : []),
    ...(needsMore ? [403 as const] : []),
    ...(extensions.has('x-storeless') ? [] : [503 as const]),
    // A caller's own account is there, or the token is refused.
    ...(path.includes('{') && access !== 'self' ? [404 as const] : []),
    ...(method === 'get' ? [] : [413 as const, 415 as const]),
  ];
}

/** Marks request bodies as closed: they accept only the described fields. */
function closeRequestSchemas({ components }: OpenAPIObject): void {
  for (const [name, schema] of Object.entries(components?.schemas ?? {})) {
    if (!name.endsWith('Request') || '$ref' in schema) continue;
    schema.additionalProperties = false;
    // An update of nothing is refused.
    if (name.startsWith('Update')) schema.minProperties = 1;
  }
}
