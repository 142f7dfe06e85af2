import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { COUNTED_BY_BODY, MAX_AUTH_BODY_BYTES, requestContext } from '#platform/request';
import { TokensService } from './tokens.service.js';

/** Tells whose a refresh token is before the body is parsed, as the rate limit counts it by its user. */
@Injectable()
export class RefreshTokenReader {
  constructor(private readonly tokens: TokensService) {}

  /** Reads from here on. To be called before the routes are registered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('preParsing', async ({ routeOptions: { config } }, _reply, payload) => {
      const context = requestContext();
      if (context === undefined || !(COUNTED_BY_BODY in config)) return payload;
      const body = await readUpTo(MAX_AUTH_BODY_BYTES, payload);
      delete context.subject;
      const subject = this.subjectOf(body.read);
      if (subject !== undefined) context.subject = subject;
      return body.whole;
    });
  }

  private subjectOf(body: Buffer): string | undefined {
    try {
      const { refreshToken } = JSON.parse(body.toString()) as { refreshToken?: unknown };
      return typeof refreshToken === 'string' ? this.tokens.readRefreshToken(refreshToken).sub : undefined;
    } catch {
      // Whatever it is, the route will refuse it.
      return undefined;
    }
  }
}

/** @returns what was read, and the same again with the rest behind it */
async function readUpTo(limit: number, payload: AsyncIterable<Buffer>): Promise<{ read: Buffer; whole: Readable }> {
  const chunks: Buffer[] = [];
  const source = payload[Symbol.asyncIterator]();
  let bytes = 0;
  let done = false;
  while (!done && bytes <= limit) {
    const next = await source.next();
    if (next.done === true) done = true;
    else bytes += chunks[chunks.push(next.value) - 1]?.length ?? 0;
  }
  const read = Buffer.concat(chunks);
  async function* again() {
    yield read;
    if (!done) yield* { [Symbol.asyncIterator]: () => source };
  }
  return { read, whole: Readable.from(again()) };
}
