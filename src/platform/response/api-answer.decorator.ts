import { applyDecorators, HttpCode, SetMetadata, type Type } from '@nestjs/common';
import type { OwnError } from '#platform/errors';
import {
  ApiExtension,
  ApiExtraModels,
  ApiResponse,
  errorResponse,
  type ErrorStatus,
  schemaReference,
} from '#platform/openapi';

type HeaderDocs = Readonly<Record<string, { readonly description: string; readonly schema: { type: 'string' } }>>;

/** What a route returns when it succeeds, and how it may fail. */
export interface AnswerDocs {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** The envelope's `message`. */
  readonly message?: string;
  /** The class of what `data` carries; without one, `data` is `null`. */
  readonly model?: Type;
  /** The name under which `data` carries the model; without one, the model is `data` itself. */
  readonly under?: string;
  /** Whether `data` carries a list of the model. */
  readonly list?: boolean;
  /** What else `data` carries. */
  readonly beside?: Readonly<Record<string, Type>>;
  /** The media type of a response without the envelope: the model itself, or a line of JSON for each of a list. */
  readonly bare?: 'application/json' | 'application/x-ndjson';
  /** What the example shows in place of the examples of the model's parts: a part of `data`, or of a bare answer. */
  readonly example?: object;
  /** Whether an `ETag` names the version; a GET then answers `If-None-Match`. */
  readonly etag?: boolean;
  /** Whether a `Location` names the new resource. */
  readonly location?: boolean;
  /** Other headers of a success. */
  readonly headers?: HeaderDocs;
  /** Failures besides those that the access rule, the path and the body bring with them. */
  readonly errors?: readonly (ErrorStatus | OwnError)[];
  /** Whether the route reads no store, and so is never unavailable. */
  readonly storeless?: boolean;
  /** Describes a 200 that carries the same, where the request has been fulfilled before. */
  readonly whenRepeated?: string;
  /** Describes a 503 that carries the same model. */
  readonly whenUnavailable?: string;
}

export const ANSWER = Symbol('answer');

/** Says what a route returns: the envelope sends it, the API description shows it. */
export function ApiAnswer(answer: AnswerDocs): MethodDecorator {
  const { status, description, model, beside = {}, errors = [], whenRepeated, whenUnavailable } = answer;
  const content = contentDocs(answer);
  return applyDecorators(
    SetMetadata(ANSWER, answer),
    HttpCode(status),
    ApiExtraModels(...[model, ...Object.values(beside)].filter((type) => type !== undefined)),
    ApiResponse({ status, description, ...headerDocs(answer), ...content }),
    ...(whenRepeated === undefined
      ? []
      : [
          ApiResponse({
            status: 200,
            description: whenRepeated,
            ...headerDocs({ ...answer, location: false }),
            ...content,
          }),
        ]),
    ...failureDocs(errors),
    ...(answer.storeless === true ? [ApiExtension('x-storeless', true)] : []),
    ...(whenUnavailable === undefined
      ? []
      : [ApiResponse({ status: 503, ...errorResponse(503), description: whenUnavailable, ...content })]),
  );
}

/** Describes failures besides those of `ApiAnswer`: statuses, and errors that `DomainError.of` made. */
export function ApiErrors(...errors: (ErrorStatus | OwnError)[]): MethodDecorator {
  return applyDecorators(...failureDocs(errors));
}

function failureDocs(errors: readonly (ErrorStatus | OwnError)[]) {
  const statuses = new Set(errors.map((error) => (typeof error === 'number' ? error : error.status)));
  return [...statuses].map((status) => {
    const own = errors.filter((error) => typeof error !== 'number' && error.status === status) as OwnError[];
    return ApiResponse({ status, ...errorResponse(status, own) });
  });
}

function headerDocs({ etag, location, headers }: AnswerDocs): { headers?: HeaderDocs } {
  const all: HeaderDocs = {
    ...headers,
    ...(location === true ? { Location: textHeader('The path of the new resource.') } : {}),
    ...(etag === true ? { ETag: textHeader('The version of the user.') } : {}),
  };
  return Object.keys(all).length === 0 ? {} : { headers: all };
}

function textHeader(description: string) {
  return { description, schema: { type: 'string' as const } };
}

function contentDocs(answer: AnswerDocs) {
  const { status, model, bare, example } = answer;
  if (status === 204) return {};
  if (bare === undefined) {
    const shown = example === undefined ? {} : { example: { data: example } };
    return { content: { 'application/json': { schema: envelopeSchema(answer), ...shown } } };
  }
  if (model === undefined) throw new TypeError('An answer without the envelope needs a model');
  const reference = schemaReference(model);
  // JSON Schema 2020-12, section 8: a text, and what each line of it holds.
  const lines = { type: 'string' as const, contentMediaType: bare, contentSchema: reference };
  const schema = bare === 'application/json' ? reference : lines;
  return { content: { [bare]: { schema, ...(example === undefined ? {} : { example }) } } };
}

function envelopeSchema(answer: AnswerDocs) {
  const { message } = answer;
  return {
    type: 'object' as const,
    required: ['success', 'data', ...(message === undefined ? [] : ['message'])],
    properties: {
      success: { type: 'boolean' as const, enum: [true] },
      data: dataSchema(answer),
      ...(message === undefined ? {} : { message: { type: 'string' as const, enum: [message] } }),
    },
  };
}

function dataSchema({ model, under, list, beside = {} }: AnswerDocs) {
  if (model === undefined) return { type: 'null' as const };
  const reference = schemaReference(model);
  const content = list === true ? { type: 'array' as const, items: reference } : reference;
  if (under === undefined) return content;
  const others = Object.entries(beside).map(([name, type]) => [name, schemaReference(type)] as const);
  return {
    type: 'object' as const,
    required: [under, ...others.map(([name]) => name)],
    properties: { [under]: content, ...Object.fromEntries(others) },
  };
}
