import type { onRequestHookHandler } from 'fastify';
import { ValidationError } from '#platform/errors';

/** Headers that a request has once. Node keeps the first of several; a server in front may have acted on another. */
const SINGLE_HEADERS = new Set(['host', 'authorization', 'content-type']);

/** Fastify onRequest hook: refuses a request that has one of these headers twice (RFC 9112, section 3.2). */
export const refuseRepeatedHeaders: onRequestHookHandler = ({ raw: { rawHeaders } }, _reply, done) => {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.includes(name)) {
      return done(ValidationError.ofField(name, 'duplicate_key', `The request has the header ${name} twice`));
    }
    seen.push(name);
  }
  done();
};
