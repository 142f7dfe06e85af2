import { appendFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { ApiAnswer } from './client.js';
import { type DeclaredResponse, description, type Json, type Operation } from './description.js';

/** The headers that HTTP itself needs, and the security headers of every answer. */
const COMMON_HEADERS = new Set(
  `access-control-allow-credentials access-control-allow-headers access-control-allow-methods
  access-control-allow-origin access-control-expose-headers access-control-max-age cache-control connection
  content-encoding content-length content-security-policy content-type cross-origin-opener-policy
  cross-origin-resource-policy date keep-alive origin-agent-cluster referrer-policy strict-transport-security
  transfer-encoding vary x-content-type-options x-dns-prefetch-control x-download-options x-frame-options
  x-permitted-cross-domain-policies x-request-id x-xss-protection`.split(/\s+/),
);
const BASE_PATH = '/api/v1/';

const templates = Object.keys(description.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
}));
const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
formats.default(ajv);
const met = new Set<string>();
const validators = new WeakMap<object, { open: ValidateFunction; closed: ValidateFunction }>();

/** A request or an answer does not match the API description. */
export class UndeclaredError extends Error {}

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly requestBody: unknown;
  readonly answer: ApiAnswer;
}

/**
 * Compares one exchange with the API description: the status, each header and each field of the answer, and, if the
 * answer is a success, the request.
 *
 * @throws UndeclaredError
 */
export function checkExchange(exchange: Exchange): void {
  const { pathname, searchParams } = new URL(exchange.url);
  const operation = findOperation(exchange.method, pathname);
  const ofTheApi = operation !== undefined || pathname.startsWith(BASE_PATH);
  if (!ofTheApi || exchange.method === 'OPTIONS') return;
  if (operation === undefined) return refuseUnless(exchange.answer.status >= 400, exchange, 'an undeclared operation');
  const { status, headers, body } = exchange.answer;
  const response = resolved(operation.responses[status]);
  if (response === undefined) return refuseUnless(false, exchange, `the undeclared status ${status}`);
  noteMet(`${operation.operationId} ${status}`);
  const declared = new Set(Object.keys(response.headers ?? {}).map((name) => name.toLowerCase()));
  for (const [name] of headers) {
    refuseUnless(declared.has(name) || COMMON_HEADERS.has(name), exchange, `the undeclared header ${name}`);
  }
  const schema = response.content?.['application/json']?.schema;
  if (exchange.method === 'HEAD') return undefined;
  if (schema === undefined) return refuseUnless(body === undefined, exchange, 'an undeclared body');
  refuseUnless(validate(schema, 'closed', body), exchange, `a body that is not as declared: ${faults(schema, body)}`);
  if (status < 300) checkRequest(operation, searchParams, exchange);
  return undefined;
}

/** The response itself, where the operation refers to one of the components. */
function resolved(response: DeclaredResponse | undefined): DeclaredResponse | undefined {
  const name = response?.$ref?.replace('#/components/responses/', '');
  return name === undefined ? response : description.components.responses[name];
}

/** Notes that a test met an answer; when all tests have run, `unmet-answers.mjs` names those that none met. */
function noteMet(answer: string): void {
  if (met.has(answer)) return;
  met.add(answer);
  appendFileSync(process.env['TEST_MET_ANSWERS'] ?? '', `${answer}\n`);
}

function checkRequest(operation: Operation, query: URLSearchParams, exchange: Exchange): void {
  const known = new Set(operation.parameters?.filter((parameter) => parameter.in === 'query').map(({ name }) => name));
  for (const name of query.keys()) refuseUnless(known.has(name), exchange, `taking the undeclared parameter ${name}`);
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return;
  if (exchange.requestBody === undefined && operation.requestBody?.required !== true) return;
  refuseUnless(validate(schema, 'open', exchange.requestBody), exchange, 'taking a body that is not as declared');
}

function findOperation(method: string, pathname: string): Operation | undefined {
  // `/users/invitations` is no `/users/{id}`.
  const found =
    templates.find(({ template }) => template === pathname) ?? templates.find(({ pattern }) => pattern.test(pathname));
  if (found === undefined) return undefined;
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  return description.paths[found.template]?.[name];
}

function validate(schema: Json, kind: 'open' | 'closed', value: unknown): boolean {
  return validatorOf(schema)[kind](value);
}

function faults(schema: Json, value: unknown): string {
  const { closed } = validatorOf(schema);
  closed(value);
  return ajv.errorsText(closed.errors);
}

function validatorOf(schema: Json) {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const { components } = description;
  const made = {
    open: ajv.compile({ ...schema, components }),
    closed: ajv.compile({ ...close(schema), components: close(components) }),
  };
  validators.set(schema, made);
  return made;
}

/** The same schema, but objects may not have properties that it does not describe. */
function close(schema: Json): Json {
  const closed = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, isObject(value) ? close(value) : value]),
  );
  return isObject(schema['properties']) && schema['type'] === 'object'
    ? { additionalProperties: false, ...closed }
    : closed;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseUnless(good: boolean, { method, url }: Exchange, fault: string): void {
  if (!good) throw new UndeclaredError(`${method} ${url} was answered with ${fault}`);
}
