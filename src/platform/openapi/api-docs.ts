import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, schemaReference } from './documentation.js';

type Headers = Record<string, { description: string; schema: { type: 'string' } }>;

export interface AnswerDocs {
  readonly status: number;
  readonly description: string;
  /** The name under which `data` carries the model; without one, the model is `data` itself. */
  readonly under?: string;
  readonly model?: Type;
  /** Whether `data` carries a list of the model. */
  readonly list?: boolean;
  /** What else `data` carries. */
  readonly beside?: Record<string, Type>;
  readonly message?: string;
  readonly headers?: Headers;
}

/** Documents a success: the envelope, and what its `data` is. */
export function ApiAnswer({ status, description, headers, ...content }: AnswerDocs): MethodDecorator {
  const models = [content.model, ...Object.values(content.beside ?? {})].filter((model) => model !== undefined);
  return applyDecorators(
    ApiExtraModels(...models),
    ApiResponse({
      status,
      description,
      ...(headers === undefined ? {} : { headers }),
      ...(status === 204 ? {} : { content: { 'application/json': { schema: envelopeSchema(content) } } }),
    }),
  );
}

export const ETAG_HEADER: Headers = {
  ETag: { description: 'The version of the user.', schema: { type: 'string' } },
};

export const LOCATION_HEADER: Headers = {
  Location: { description: 'The path of the new resource.', schema: { type: 'string' } },
};

function envelopeSchema({ under, model, list, beside, message }: Omit<AnswerDocs, 'status' | 'description'>) {
  return {
    type: 'object' as const,
    required: ['success', 'data', ...(message === undefined ? [] : ['message'])],
    properties: {
      success: { type: 'boolean' as const, enum: [true] },
      data: dataSchema(under, model, list === true, beside ?? {}),
      ...(message === undefined ? {} : { message: { type: 'string' as const, enum: [message] } }),
    },
  };
}

function dataSchema(under: string | undefined, model: Type | undefined, list: boolean, beside: Record<string, Type>) {
  if (model === undefined) return { type: 'null' as const };
  const reference = schemaReference(model);
  const content = list ? { type: 'array' as const, items: reference } : reference;
  if (under === undefined) return content;
  const others = Object.entries(beside).map(([name, type]) => [name, schemaReference(type)] as const);
  return {
    type: 'object' as const,
    required: [under, ...others.map(([name]) => name)],
    properties: { [under]: content, ...Object.fromEntries(others) },
  };
}
