import { STATUS_CODES } from 'node:http';
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
  NotFoundError,
  RETRY_AFTER_SECONDS,
  ServiceUnavailableError,
  TooManyRequestsError,
  UnauthorizedError,
} from '#platform/errors';

/**
 * The codes of Nest's own exceptions, by status. Where more than one error of the core has the status, this is the one that
 * says least. Other statuses get the code `HTTP_<status>`.
 */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'VALIDATION_ERROR',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'RESOURCE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  409: 'CONFLICT',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMIT_EXCEEDED',
  431: 'HEADERS_TOO_LARGE',
  503: 'SERVICE_UNAVAILABLE',
};

/** Where the contract has one message for a status. An extension's ThrottlerGuard sets `Retry-After` itself. */
const FIXED_MESSAGES: Readonly<Record<number, string>> = {
  429: 'Too many requests. Please try again later.',
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
    try {
      // Also when the client has hung up: a probe must leave its trace.
      const denied = denialOf(exception);
      if (denied !== undefined) await this.recordDenial(denied, request);
      if (!reply.raw.destroyed) send(this.toDomainError(exception, request), reply);
    } catch (error) {
      // The error cannot be sent, as with details that JSON has no form for.
      this.logger.error('An error could not be answered', error);
      if (!reply.raw.destroyed) send(unexpected(), reply);
    }
  }

  private async recordDenial(reason: string, request: FastifyRequest): Promise<void> {
    const context = requestContext();
    if (context !== undefined) context.denied = reason;
    await this.events.publish(AccessDenied.of(request, reason));
  }

  private toDomainError(exception: unknown, request: FastifyRequest): DomainError {
    if (exception instanceof DomainError && isErrorStatus(exception.status)) return exception;
    if (exception instanceof HttpException && request.is404) return new NotFoundError('Route not found');
    if (exception instanceof HttpException && isErrorStatus(exception.getStatus())) {
      return this.fromHttpException(exception);
    }
    if (request.raw.readableAborted) return new DomainError('REQUEST_TIMEOUT', 'The request did not arrive whole');
    if (isDatabaseUnavailable(exception)) {
      // A fault of the database has a line of its own when it begins and when it ends.
      if (!isDatabaseFault(exception)) this.logger.error('The database is too busy', exception);
      return new ServiceUnavailableError();
    }
    return this.bug(exception);
  }

  /** An exception of Nest, thrown by an extension or one of its guards and pipes. */
  private fromHttpException(exception: HttpException): DomainError {
    const status = exception.getStatus();
    if (status === 500) return this.bug(exception);
    if (status > 500) this.logger.error(`Answered ${status}`, exception);
    if (status === 401) return new UnauthorizedError('invalid_credentials', messageOf(exception), false);
    // What is meant for the log must not reach a client.
    const message = status > 500 ? STATUS_CODES[status] : (FIXED_MESSAGES[status] ?? messageOf(exception));
    return new DomainError(CODES[status] ?? { code: `HTTP_${status}`, status }, message ?? exception.message);
  }

  private bug(exception: unknown): DomainError {
    this.logger.error('Unexpected error', exception);
    return unexpected();
  }
}

/** @returns why a caller was refused; `undefined` for other errors */
function denialOf(exception: unknown): string | undefined {
  if (exception instanceof ForbiddenError) return exception.reason;
  return exception instanceof HttpException && exception.getStatus() === 403 ? exception.message : undefined;
}

/** A list of messages, as Nest's validation pipe has them, becomes one. */
function messageOf(exception: HttpException): string {
  const response = exception.getResponse();
  const message = typeof response === 'object' && 'message' in response ? response.message : undefined;
  return Array.isArray(message) ? message.join('; ') : exception.message;
}

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599;
}

function unexpected(): DomainError {
  return new DomainError('INTERNAL_SERVER_ERROR', 'An unexpected error occurred');
}

/** What a client reads of a failure. */
export function failureBody(error: DomainError, requestId: string) {
  return {
    success: false,
    error: {
      code: error.code,
      message: error.message,
      ...(error instanceof UnauthorizedError ? { reason: error.reason } : {}),
      ...(error.details === undefined ? {} : { details: error.details }),
      timestamp: new Date().toISOString(),
      requestId,
    },
  };
}

function send(error: DomainError, reply: FastifyReply): void {
  const body = JSON.stringify(failureBody(error, reply.request.id));
  addHeaders(reply, error);
  void reply.code(error.status).header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body);
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function addHeaders(reply: FastifyReply, error: DomainError): void {
  if (error.status === 401) {
    const refused = error instanceof UnauthorizedError && error.tokenRefused;
    reply.header('www-authenticate', refused ? 'Bearer error="invalid_token"' : 'Bearer');
  }
  if (error instanceof MethodNotAllowedError) reply.header('allow', error.allowed.join(', '));
  if (error instanceof TooManyRequestsError) reply.header('retry-after', error.retryAfter);
  if (error.code === 'SERVICE_UNAVAILABLE') reply.header('retry-after', RETRY_AFTER_SECONDS);
}
