import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import { Idempotency } from '#platform/idempotency';
import { StrictInput } from '#platform/input';
import { Envelope } from '#platform/response';

/**
 * What happens around every handler, after the guards: its input is checked, a repeated request gets the first answer, and
 * the result gets its envelope. One interceptor, as each costs every request several promises.
 */
@Injectable()
export class HandlerInterceptor implements NestInterceptor {
  constructor(
    private readonly input: StrictInput,
    private readonly idempotency: Idempotency,
    private readonly envelope: Envelope,
  ) {}

  /** @throws ValidationError */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    this.input.check(context);
    const serve = () => next.handle().pipe(map((result: unknown) => this.envelope.wrap(context, result)));
    const key = this.idempotency.keyOf(request);
    if (key === undefined) return serve();
    return from(this.idempotency.run(key, request, http.getResponse<FastifyReply>(), () => lastValueFrom(serve())));
  }
}
