import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseFault, isDatabaseUnavailable } from '#platform/postgres';
import { EventBus } from '#platform/events';
import { AccessDenied } from '#platform/access';
import { requestContext } from '#platform/request';
import {
  DomainError,
  type ErrorCode,
  ForbiddenError,
  MethodNotAllowedError,
  RETRY_AFTER_SECONDS,
  ServiceUnavailableError,
  TooManyRequestsError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
} from '#platform/errors';

const STATUS: Record<ErrorCode, number> = {
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  RESOURCE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  DUPLICATE_RESOURCE: 409,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

/** The errors that Nest and Fastify raise themselves, by status. */
const FRAMEWORK_ERRORS: Record<number, [ErrorCode, string]> = {
  400: ['VALIDATION_ERROR', 'The request is malformed'],
  // The explorer's files answer 403 to a path that leads out of their folder.
  403: ['RESOURCE_NOT_FOUND', 'Route not found'],
  404: ['RESOURCE_NOT_FOUND', 'Route not found'],
  408: ['REQUEST_TIMEOUT', 'The request took too long to arrive'],
  413: ['PAYLOAD_TOO_LARGE', 'The body is too large'],
  // Thrown by an extension's ThrottlerGuard, which sets Retry-After itself.
  429: ['RATE_LIMIT_EXCEEDED', 'Too many requests. Please try again later.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', new UnsupportedMediaTypeError().message],
};

/** Turns every error into a response. An unknown error is a bug: it is logged, and the client sees no detail of it. */
@Catch()
export class ExceptionEnvelopeFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  constructor(private readonly events: EventBus) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    // No client is left to read an answer: it was sent already, or the connection is closed.
    if (reply.sent || isPrematureClose(exception)) return;
    // Also when the client has hung up: a probe must leave its trace.
    if (exception instanceof ForbiddenError) await this.recordDenial(exception.reason, request);
    if (reply.raw.destroyed) return;
    const error = this.toDomainError(exception, request);
    addHeaders(reply, error);
    void reply
      .code(STATUS[error.code])
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send({
        success: false,
        error: {
          code: error.code,
          message: error.message,
          ...(error instanceof UnauthorizedError ? { reason: error.reason } : {}),
          ...(error.details === undefined ? {} : { details: error.details }),
          timestamp: new Date().toISOString(),
          requestId: request.id,
        },
      });
  }

  private async recordDenial(reason: string, request: FastifyRequest): Promise<void> {
    const context = requestContext();
    if (context !== undefined) context.denied = reason;
    await this.events.publish(AccessDenied.of(request, reason));
  }

  private toDomainError(exception: unknown, request: FastifyRequest): DomainError {
    if (exception instanceof DomainError) return exception;
    if (exception instanceof HttpException) {
      const known = FRAMEWORK_ERRORS[exception.getStatus()];
      if (known !== undefined) return new DomainError(...known);
    }
    if (request.raw.readableAborted) return new DomainError('REQUEST_TIMEOUT', 'The request did not arrive whole');
    if (isDatabaseUnavailable(exception)) {
      // A fault of the database has a line of its own when it begins and when it ends.
      if (!isDatabaseFault(exception)) this.logger.error('The database is too busy', exception);
      return new ServiceUnavailableError();
    }
    this.logger.error('Unexpected error', exception);
    return new DomainError('INTERNAL_SERVER_ERROR', 'An unexpected error occurred');
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function addHeaders(reply: FastifyReply, error: DomainError): void {
  if (error instanceof UnauthorizedError) {
    reply.header('www-authenticate', error.tokenRefused ? 'Bearer error="invalid_token"' : 'Bearer');
  }
  if (error instanceof MethodNotAllowedError) reply.header('allow', error.allowed.join(', '));
  if (error instanceof TooManyRequestsError) reply.header('retry-after', error.retryAfter);
  if (error.code === 'SERVICE_UNAVAILABLE') reply.header('retry-after', RETRY_AFTER_SECONDS);
}
