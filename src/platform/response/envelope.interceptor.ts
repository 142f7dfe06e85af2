import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { AppConfig } from '#config';
import { Answer, MESSAGE, WITHOUT_ENVELOPE } from './answer.js';
import { entityTag } from '#platform/request';

/** Puts what handlers return into `{ success, data, message? }`, and an Answer's headers on the reply. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = context.getHandler();
    if (this.reflector.get<boolean>(WITHOUT_ENVELOPE, handler)) return next.handle();
    const message = this.reflector.get<string | undefined>(MESSAGE, handler);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((result: unknown) => {
        if (reply.statusCode === 204) return undefined;
        const answer = result instanceof Answer ? result : new Answer(result);
        const { version, location, cacheControl, others } = answer.headers;
        if (version !== undefined) reply.header('etag', entityTag(version));
        if (location !== undefined) reply.header('location', this.config.basePath + location);
        if (cacheControl !== undefined) reply.header('cache-control', cacheControl);
        if (others !== undefined) reply.headers(others);
        return { success: true, data: answer.data ?? null, ...(message === undefined ? {} : { message }) };
      }),
    );
  }
}
