import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { addRouteConfig, type RequestContext, requestContext } from '#platform/request';
import { type HashPlace, HashQueue } from './hash-queue.js';
import { WaitingLine } from './waiting-line.js';

const HASHES = 'hashes';
/** Each costs the event loop about 0.3 ms until it waits. */
const STARTED_PER_TURN = 2;

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

  /**
   * Fastify onRequest hook: starts a few of these requests per turn of the event loop. Starting 200 at once would stall
   * all other requests.
   */
  readonly arrive = async ({ routeOptions: { config } }: FastifyRequest): Promise<void> => {
    if (!(HASHES in config)) return;
    const starting = this.arrivals.join();
    if (this.arrivals.length === 1) setImmediate(this.startSome);
    await starting;
  };

  private readonly startSome = (): void => {
    for (let count = 0; count < STARTED_PER_TURN; count += 1) this.arrivals.next();
    if (this.arrivals.length > 0) setImmediate(this.startSome);
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
    // For a request that ends without a hash. A pipelined one that is cut off emits no "close".
    const free = () => {
      signal.removeEventListener('abort', free);
      place.free();
    };
    reply.raw.once('close', free);
    signal.addEventListener('abort', free, { once: true });
    if (signal.aborted) free();
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
