import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { AppConfig } from '#config';
import { entityTag } from '#platform/request';
import { Reply } from './reply.js';
import { ANSWER, type AnswerDocs } from './api-answer.decorator.js';

/** Puts what handlers return into `{ success, data, message? }`, and a Reply's status and headers on the response. */
@Injectable()
export class Envelope {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  /** @returns the body of the answer */
  wrap(context: ExecutionContext, result: unknown): unknown {
    const { message, bare } = this.reflector.get<AnswerDocs | undefined>(ANSWER, context.getHandler()) ?? {};
    const response = context.switchToHttp().getResponse<FastifyReply>();
    const { data, options } = result instanceof Reply ? result : new Reply(result);
    this.apply(options, response);
    if (response.statusCode === 204) return undefined;
    if (bare !== undefined) return data;
    return { success: true, data: data ?? null, ...(message === undefined ? {} : { message }) };
  }

  private apply({ status, entity, location, headers }: Reply<unknown>['options'], response: FastifyReply): void {
    if (status !== undefined) response.code(status);
    if (entity !== undefined) {
      response.header('etag', entityTag(entity));
      // Other hooks vary by more.
      response.header('vary', [response.getHeader('vary') ?? [], 'Authorization'].flat().join(', '));
    }
    const { publicPath, basePath } = this.config;
    if (location !== undefined) response.header('location', publicPath + basePath + location);
    if (headers !== undefined) response.headers(headers);
  }
}
