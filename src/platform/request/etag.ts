import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify';
import { PreconditionFailedError, ValidationError } from '#platform/errors';

// One element of a list of entity tags (RFC 9110, sections 8.8.3 and 5.6.1, which lets it be empty); W/ may have been
// put on by a proxy. The blanks behind a tag are in its group: next to those before it, every way to divide them is tried.
const ELEMENT = /[ \t]*(?:(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/y;

/** What a proxy that compresses puts behind a tag, as Apache its `-gzip`; ours never end like this. */
const PROXY_SUFFIX = /(?:--?|;)(?:gzip|br|deflate|zstd)$/;

/** Hexadecimal digits: 128 bits. */
const TAG_LENGTH = 32;

/** `*`, or the opaque tags that an `If-Match` or `If-None-Match` header lists. */
export type IfMatchCondition = '*' | readonly string[];

/** What makes one representation differ from every other. */
export interface Entity {
  readonly id: string;
  /** Moves with every change to what clients see of the resource. */
  readonly version: number;
  /** Names what this caller is shown of it, where callers are shown different parts. */
  readonly view?: string | undefined;
}

/**
 * The strong entity tag of a representation. It is never equal for two resources, nor for two views of one: `/users/me` is
 * one URL for all users, and a browser revalidates the last user's copy with the next user's token.
 */
export function entityTag(entity: Entity): string {
  return `"${opaqueTag(entity)}"`;
}

/** @throws PreconditionFailedError if the client sent a condition that this resource does not meet */
export function assertMatches(condition: IfMatchCondition | undefined, entity: Entity): void {
  if (condition === undefined || condition === '*' || condition.includes(opaqueTag(entity))) return;
  throw new PreconditionFailedError();
}

/** @throws ValidationError for a header that is neither `*` nor a list of entity tags */
export function parseIfMatch(header: string | undefined): IfMatchCondition | undefined {
  return parseTags('If-Match', header);
}

/** @throws ValidationError for a header that is neither `*` nor a list of entity tags */
export function parseIfNoneMatch(header: string | undefined): IfMatchCondition | undefined {
  return parseTags('If-None-Match', header);
}

/** Fastify onSend hook: a GET or HEAD of what the client already has is answered 304, without a body. */
export const answerNotModified: onSendHookHandler = (request, reply, payload, done) => {
  if (!isKnownToClient(request, reply)) return done(null, payload);
  reply.code(304).removeHeader('content-length').removeHeader('content-type');
  // Fastify takes the body of a HEAD away itself, and wants to find one.
  done(null, request.method === 'HEAD' ? payload : null);
};

function isKnownToClient({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
  const tag = reply.getHeader('etag');
  if (typeof tag !== 'string' || reply.statusCode !== 200 || (method !== 'GET' && method !== 'HEAD')) return false;
  const known = parseIfNoneMatch(headers['if-none-match']);
  return known !== undefined && (known === '*' || known.some((opaque) => `"${opaque}"` === tag));
}

/** Hexadecimal digits cannot be taken for the suffix that a proxy appends. */
function opaqueTag({ id, version, view }: Entity): string {
  return hash('sha256', view === undefined ? `${id} ${version}` : `${id} ${version} ${view}`).slice(0, TAG_LENGTH);
}

function parseTags(name: string, header: string | undefined): IfMatchCondition | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const tags: string[] = [];
  ELEMENT.lastIndex = 0;
  while (ELEMENT.lastIndex < header.length) {
    const element = ELEMENT.exec(header);
    if (element === null) throw malformed(name);
    if (element[1] !== undefined) tags.push(element[1].replace(PROXY_SUFFIX, ''));
  }
  if (tags.length === 0) throw malformed(name);
  return tags;
}

function malformed(name: string): ValidationError {
  return ValidationError.ofField(name, 'format', `${name} must be * or a list of entity tags`);
}
