import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, onRequestHookHandler, onSendHookHandler } from 'fastify';
import type { Observable } from 'rxjs';
import { AppConfig } from '#config';
import { PrismaService } from '#platform/database';
import { addRouteConfig, endHook, type RequestContext, requestContext, WaitingLine } from '#platform/request';
import { type HashPlace, HashQueue } from './hash-queue.js';

const HASHES = 'hashes';
/** Milliseconds between two starts of such requests; each keeps the event loop busy for about 1 ms. */
const START_INTERVAL_MS = 5;
/** One request starts per interval for every 200 that wait, so that a long line takes no longer than a short one. */
const CROWD = 200;

/** The hash queue, as requests meet it. */
@Injectable()
export class HashGate {
  private readonly queue: HashQueue;
  private readonly places = new WeakMap<RequestContext, HashPlace>();
  /** Requests that gave up their place for a while. */
  private readonly aside = new WeakSet<RequestContext>();
  private readonly arrivals = new WaitingLine();
  private pausing = false;

  constructor({ hashing }: AppConfig) {
    this.queue = new HashQueue(hashing.running, hashing.waiting);
  }

  /** Fastify onRequest hook: starts requests that arrive together one after the other, because starting 200 of them in one turn stalls all other requests. */
  readonly arrive: onRequestHookHandler = ({ routeOptions: { config } }, _reply, done) => {
    if (!(HASHES in config)) return done();
    if (this.pausing) return endHook(done, this.arrivals.join());
    this.pause();
    done();
  };

  private pause(): void {
    this.pausing = true;
    setTimeout(() => {
      this.pausing = this.arrivals.length > 0;
      if (!this.pausing) return;
      for (let count = Math.ceil(this.arrivals.length / CROWD); count > 0; count -= 1) this.arrivals.next();
      this.pause();
    }, START_INTERVAL_MS);
  }

  /**
   * Waits for a place for this request, which then holds it until its hash ends or it is answered.
   *
   * @throws HashQueueFullError, ClientGoneError
   */
  async admit(reply: FastifyReply): Promise<void> {
    const context = requestContext();
    if (context === undefined) return;
    const { signal } = context;
    const place = await this.queue.enter(signal);
    this.places.set(context, place);
    // For a client that hangs up before there is an answer. A pipelined request that is cut off emits no "close".
    const free = () => {
      signal.removeEventListener('abort', free);
      place.free();
    };
    reply.raw.once('close', free);
    signal.addEventListener('abort', free, { once: true });
    // It may have been answered while it waited: the database fell silent.
    if (signal.aborted || reply.raw.writableEnded) free();
  }

  /** Fastify onSend hook: frees the place of a request that is answered without a hash, even before the answer is sent. */
  readonly leave: onSendHookHandler = (_request, _reply, payload, done) => {
    const context = requestContext();
    if (context !== undefined) this.places.get(context)?.free();
    done(null, payload);
  };

  /**
   * Runs a hash in this request's place, or else in the next one that becomes free.
   *
   * @throws HashQueueFullError, ClientGoneError
   */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    const context = requestContext();
    if (context === undefined) return this.queue.run(hash);
    const { signal } = context;
    if (this.aside.delete(context)) this.places.set(context, await this.queue.enterAgain(signal));
    return this.queue.run(hash, signal, this.places.get(context));
  }

  /** Gives up this request's place before a wait for something else; its next hash waits for another one. */
  stepAside(): void {
    const context = requestContext();
    const place = context && this.places.get(context);
    if (context === undefined || place === undefined) return;
    place.free();
    this.aside.add(context);
  }
}

/** Runs after the guards and after malformed bodies were refused, so that neither waits for a place or takes one. */
@Injectable()
class HashPlaceInterceptor implements NestInterceptor {
  constructor(
    private readonly gate: HashGate,
    private readonly prisma: PrismaService,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const admission = this.gate.admit(context.switchToHttp().getResponse<FastifyReply>());
    await this.prisma.whileAnswering(admission);
    return next.handle();
  }
}

/** Every request of this route hashes a password: its handler starts when there is a place in the hash queue. */
export const Hashes = () => applyDecorators(addRouteConfig({ [HASHES]: true }), UseInterceptors(HashPlaceInterceptor));
