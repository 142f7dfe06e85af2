import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { addRouteConfig, type RequestContext, requestContext } from '#platform/request';
import { type HashPlace, HashQueue } from './hash-queue.js';
import { WaitingLine } from './waiting-line.js';

const HASHES = 'hashes';
/** Milliseconds between two starts of such requests; each keeps the event loop busy for about half of it. */
const START_INTERVAL_MS = 2;
/** One request starts per interval for every 200 that wait, so that a long line takes no longer than a short one. */
const CROWD = 200;

/** Every request of this route hashes a password: its guards and handler start when there is a place in the hash queue. */
export const Hashes = () => addRouteConfig({ [HASHES]: true });

/** The hash queue, as requests meet it. */
@Injectable()
export class HashGate {
  private readonly queue: HashQueue;
  private readonly places = new WeakMap<RequestContext, HashPlace>();
  private readonly arrivals = new WaitingLine();

  constructor({ hashing }: AppConfig) {
    this.queue = new HashQueue(hashing.running, hashing.waiting);
  }

  /** Fastify onRequest hook: spreads requests that arrive at once, as starting 200 of them stalls all other requests. */
  readonly arrive = async ({ routeOptions: { config } }: FastifyRequest): Promise<void> => {
    if (!(HASHES in config)) return;
    if (this.arrivals.length === 0) setTimeout(this.startSome, START_INTERVAL_MS);
    await this.arrivals.join();
  };

  private readonly startSome = (): void => {
    for (let count = Math.ceil(this.arrivals.length / CROWD); count > 0; count -= 1) this.arrivals.next();
    if (this.arrivals.length > 0) setTimeout(this.startSome, START_INTERVAL_MS);
  };

  /**
   * Fastify preHandler hook: the body is complete, so that a client that sends slowly holds no place.
   *
   * @throws HashQueueFullError, ClientGoneError
   */
  readonly admit = async ({ routeOptions: { config } }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const context = requestContext();
    if (context === undefined || !(HASHES in config)) return;
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
    if (signal.aborted) free();
  };

  /** Fastify onSend hook: frees the place of a request that is answered without a hash, even before the answer is sent. */
  readonly leave = async (): Promise<void> => {
    const context = requestContext();
    if (context !== undefined) this.places.get(context)?.free();
  };

  /**
   * Runs a hash in this request's place, or else in the next one that becomes free.
   *
   * @throws HashQueueFullError, ClientGoneError
   */
  run<T>(hash: () => Promise<T>): Promise<T> {
    const context = requestContext();
    return this.queue.run(hash, context?.signal, context && this.places.get(context));
  }

  /** Gives up this request's place before a wait for something else; its hash then waits for another one. */
  stepAside(): void {
    const context = requestContext();
    if (context === undefined) return;
    this.places.get(context)?.free();
    this.places.delete(context);
  }
}
