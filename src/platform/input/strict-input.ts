import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { MAX_DETAILS, ValidationError } from '#platform/errors';
import { parseIfMatch, parseIfNoneMatch } from '#platform/request';
import { unknownField } from './field-rules.js';
import { MalformedInput } from './malformed-input.js';

type Source = 'body' | 'query';

/**
 * Refuses what the validation pipe never sees: input that could not be read, a body that is no object (validating a
 * long list would cost much), and a body or a query sent to a route that declares none.
 */
@Injectable()
export class StrictInput {
  private readonly declared = new WeakMap<object, ReadonlySet<Source>>();

  /** @throws ValidationError */
  check(context: ExecutionContext): void {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    parseIfMatch(request.headers['if-match']);
    parseIfNoneMatch(request.headers['if-none-match']);
    const declared = this.declaredBy(context);
    for (const source of ['query', 'body'] as const) {
      const input = request[source];
      if (input instanceof MalformedInput) throw new ValidationError(input.details);
      if (input === undefined) continue;
      if (!declared.has(source)) refuseContent(source, input);
      else if (!isObject(input)) throw ValidationError.ofField(source, 'type', `The ${source} must be a JSON object`);
    }
  }

  private declaredBy(context: ExecutionContext): ReadonlySet<Source> {
    const handler = context.getHandler();
    const known = this.declared.get(handler);
    if (known !== undefined) return known;
    const parameters: object = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) ?? {};
    const kinds = new Set(Object.keys(parameters).map((key) => Number(key.split(':')[0])));
    const found = new Set<Source>();
    if (kinds.has(RouteParamtypes.BODY)) found.add('body');
    if (kinds.has(RouteParamtypes.QUERY)) found.add('query');
    this.declared.set(handler, found);
    return found;
  }
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function refuseContent(source: Source, input: unknown): void {
  if (!isObject(input)) {
    throw ValidationError.ofField(source, 'not_allowed', 'This route takes no body');
  }
  const fields = Object.keys(input).slice(0, MAX_DETAILS);
  if (fields.length === 0) return;
  throw new ValidationError(fields.map(unknownField));
}
