import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify';
import { AppConfig } from '#config';
import type { Prisma } from '#platform/database';
import { ValidationError } from '#platform/errors';
import { HeldCommit } from '#platform/events';
import { requestContext } from '#platform/request';
import { IdempotencyKeyReusedError, RequestStillRunningError } from './idempotency.errors.js';
import { WITHOUT_IDEMPOTENCY_KEY } from './without-idempotency-key.decorator.js';
import {
  type Claim,
  IdempotentAnswersRepository,
  type RequestIdentity,
  type StoredAnswer,
} from './idempotent-answers.repository.js';

const HEADER = 'idempotency-key';
const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;
/** Failures that another try would meet again. */
const KEPT_FAILURES = new Set([404, 409, 412]);
const PASSWORDS = new Set(['password', 'currentPassword']);

/**
 * Answers a repeated request with the first answer, without doing it again (draft-ietf-httpapi-idempotency-key-header). The
 * answer is stored in the transaction of the change: a process that dies leaves both or neither.
 */
@Injectable()
export class Idempotency {
  private readonly logger = new Logger(Idempotency.name);
  private readonly hmacKey: Buffer;
  /** Of requests that have no answer yet. */
  private readonly claims = new WeakMap<FastifyRequest, Claim>();

  constructor(
    private readonly answers: IdempotentAnswersRepository,
    private readonly config: AppConfig,
  ) {
    this.hmacKey = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'idempotency keys', 32));
  }

  /** The key that a request has been sent with, if its route takes one. */
  keyOf({ method, headers, routeOptions: { url, config } }: FastifyRequest): string | undefined {
    const key = headers[HEADER];
    if (key === undefined || method === 'GET' || method === 'HEAD' || WITHOUT_IDEMPOTENCY_KEY in config)
      return undefined;
    return url?.startsWith(`${this.config.basePath}/auth/`) === false ? String(key) : undefined;
  }

  /**
   * Serves a request with a key. Its route's guards have let it in: a stored answer is only for a client who may ask for it.
   *
   * @param serve returns what the answer's body is made of
   * @throws ValidationError, RequestStillRunningError, IdempotencyKeyReusedError
   */
  async run(
    key: string,
    request: FastifyRequest,
    reply: FastifyReply,
    serve: () => Promise<unknown>,
  ): Promise<unknown> {
    const identity = this.identify(key, request);
    const claim = await this.answers.claim(identity);
    if (claim === undefined) return replay(await this.earlierAnswer(identity), reply);
    this.claims.set(request, claim);
    const commit = new HeldCommit();
    try {
      const body = await commit.within(serve);
      const answer = answerOf(reply, body === undefined ? null : JSON.stringify(body));
      const stored = await commit.commit(({ db }) => this.store(claim, answer, db));
      if (!stored) await this.store(claim, answer);
      this.claims.delete(request);
      return body;
    } catch (error) {
      await commit.rollBack(error);
      throw error;
    }
  }

  /** Fastify onSend hook: keeps a failure that another try would meet again, and frees the key after any other. */
  readonly settle: onSendHookHandler = (request, reply, payload, done) => {
    const claim = this.claims.get(request);
    if (claim === undefined) return done(null, payload);
    this.claims.delete(request);
    void this.keepOrFree(claim, reply, payload).finally(() => done(null, payload));
  };

  private async keepOrFree(claim: Claim, reply: FastifyReply, payload: unknown): Promise<void> {
    try {
      if (typeof payload === 'string' && KEPT_FAILURES.has(reply.statusCode)) {
        await this.answers.store(claim, answerOf(reply, payload));
      } else await this.answers.release(claim);
    } catch (error) {
      // The claim ends by itself.
      this.logger.warn('An idempotency key was not freed', error);
    }
  }

  private async earlierAnswer(identity: RequestIdentity): Promise<StoredAnswer> {
    const earlier = await this.answers.find(identity);
    if (earlier === undefined) throw new RequestStillRunningError();
    if (!timingSafeEqual(earlier.fingerprint, identity.fingerprint)) throw new IdempotencyKeyReusedError();
    if (earlier.answer === undefined) throw new RequestStillRunningError();
    return earlier.answer;
  }

  private async store(claim: Claim, answer: StoredAnswer, db?: Prisma.TransactionClient): Promise<void> {
    // Another request took the claim, as this one had been silent for so long: only one of them may commit.
    if (!(await this.answers.store(claim, answer, db))) throw new RequestStillRunningError();
  }

  /** @throws ValidationError */
  private identify(key: string, { method, url, body, headers }: FastifyRequest): RequestIdentity {
    if (!VISIBLE_ASCII.test(key)) {
      throw ValidationError.ofField(
        'Idempotency-Key',
        'format',
        'Idempotency-Key must be 1 to 255 visible ASCII characters',
      );
    }
    const context = requestContext();
    const client = context?.principal?.userId ?? normalizeIp(context?.ip ?? '');
    return {
      key: this.hash([client, key]),
      fingerprint: this.hash([method, url, headers['if-match'] ?? null, withoutPasswords(body)]),
    };
  }

  private hash(parts: readonly unknown[]): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHmac('sha256', this.hmacKey).update(JSON.stringify(parts)).digest());
  }
}

/** A repeated request must not tell whether a password in it is the first one's: no limit counts such a guess. */
function withoutPasswords(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return null;
  return Object.entries(body).filter(([name]) => !PASSWORDS.has(name));
}

function answerOf(reply: FastifyReply, body: string | null): StoredAnswer {
  const [etag, location] = ['etag', 'location'].map((name) => reply.getHeader(name));
  return {
    status: reply.statusCode,
    body,
    etag: typeof etag === 'string' ? etag : null,
    location: typeof location === 'string' ? location : null,
  };
}

function replay({ status, body, etag, location }: StoredAnswer, reply: FastifyReply): unknown {
  reply.code(status).header('idempotency-replayed', 'true');
  if (etag !== null) reply.header('etag', etag);
  if (location !== null) reply.header('location', location);
  return body === null ? undefined : (JSON.parse(body) as unknown);
}
