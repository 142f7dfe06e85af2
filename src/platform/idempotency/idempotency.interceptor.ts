import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { AppConfig } from '#config';
import { Idempotency } from './idempotency.js';
import { WITHOUT_IDEMPOTENCY_KEY } from './without-idempotency-key.decorator.js';

/** Runs after the guards, so that a stored answer is only for a client who may ask for it. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly config: AppConfig,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (!this.takesKey(request)) return next.handle();
    const serve = () => lastValueFrom(next.handle());
    return from(this.idempotency.run(request, http.getResponse<FastifyReply>(), serve));
  }

  private takesKey({ method, routeOptions: { url, config } }: FastifyRequest): boolean {
    if (method === 'GET' || method === 'HEAD' || WITHOUT_IDEMPOTENCY_KEY in config) return false;
    return url?.startsWith(`${this.config.basePath}/auth/`) === false;
  }
}
