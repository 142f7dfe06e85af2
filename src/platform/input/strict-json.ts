import { TextDecoder } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { visit } from 'jsonc-parser';
import { type Fault, fault, UnsupportedMediaTypeError } from '#platform/errors';
import { MalformedInput } from './malformed-input.js';

const MAX_DEPTH = 20;
const MAX_KEYS = 100;
const JSON_MEDIA_TYPE = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?\s*$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text that `JSON.parse` accepts and this parser does not. */
class Refusal extends Error {
  constructor(readonly reason: Fault) {
    super(reason.message);
  }
}

/**
 * Fastify content-type parser of every body.
 *
 * @returns the value; `undefined` for an empty body; MalformedInput for one that is not strict JSON
 * @throws UnsupportedMediaTypeError
 */
export async function parseBody(request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  // OPTIONS has no use for a body, and is not counted by the rate limit.
  if (bytes.length === 0 || request.is404 || request.method === 'OPTIONS') return undefined;
  const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
  if (encoding !== undefined || !JSON_MEDIA_TYPE.test(type)) throw new UnsupportedMediaTypeError();
  return parseStrictJson(bytes);
}

/**
 * Parses JSON that every parser reads alike (I-JSON, RFC 7493): UTF-8 without a byte order mark, without duplicate keys,
 * NUL or lone surrogates, at most 20 levels and 100 keys.
 */
export function parseStrictJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return malformed('The body is not valid UTF-8');
  }
  if (text.startsWith('\uFEFF')) return malformed('The body must not begin with a byte order mark');
  let value: unknown;
  try {
    value = JSON.parse(text);
    refuseAmbiguity(text);
  } catch (error) {
    return error instanceof Refusal
      ? new MalformedInput('body', error.reason)
      : malformed('The body is not valid JSON');
  }
  return value;
}

/** Whether a text may be stored and compared: no NUL, which PostgreSQL refuses, and no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Whether every object inherits this name. Validation would silently drop it instead of refusing it. */
export function isInherited(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}

function refuseAmbiguity(text: string): void {
  const open: Set<string>[] = [];
  let keys = 0;
  const enter = () => {
    if (open.push(new Set()) > MAX_DEPTH)
      throw new Refusal(fault('too_many', `The body is nested over ${MAX_DEPTH} levels deep`));
  };
  const leave = () => void open.pop();
  visit(text, {
    onObjectBegin: enter,
    onArrayBegin: enter,
    onObjectEnd: leave,
    onArrayEnd: leave,
    onLiteralValue: refuseUnstorable,
    onObjectProperty: (key) => {
      refuseUnstorable(key);
      if (isInherited(key)) throw new Refusal(fault('unknown_field', `The body contains the key "${key}"`));
      if (++keys > MAX_KEYS) throw new Refusal(fault('too_many', `The body has more than ${MAX_KEYS} keys`));
      const seen = open.at(-1);
      if (seen?.has(key)) throw new Refusal(fault('duplicate_key', 'The body contains a key twice'));
      seen?.add(key);
    },
  });
}

function refuseUnstorable(value: unknown): void {
  if (typeof value === 'string' && !isStorable(value)) {
    throw new Refusal(fault('malformed', 'The body contains a NUL character or a lone surrogate'));
  }
}

function malformed(message: string): MalformedInput {
  return new MalformedInput('body', fault('malformed', message));
}
