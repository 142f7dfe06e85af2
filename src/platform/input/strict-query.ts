import { fault } from '#platform/errors';
import { unknownField } from './field-rules.js';
import { MalformedInput } from './malformed-input.js';
import { isInherited, isStorable } from './strict-json.js';

/** Fastify query string parser: every parameter once, in valid UTF-8. */
export function parseQuery(text: string): Record<string, string> | MalformedInput {
  const query: Record<string, string> = Object.create(null);
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const split = pair.indexOf('=');
    const name = decode(split === -1 ? pair : pair.slice(0, split));
    const value = decode(split === -1 ? '' : pair.slice(split + 1));
    if (name === undefined || value === undefined) {
      const message = 'The query contains a NUL character or is not valid percent-encoded UTF-8';
      return new MalformedInput('query', fault('malformed', message));
    }
    if (isInherited(name)) return new MalformedInput('query', unknownField(name));
    if (name in query)
      return new MalformedInput('query', fault('duplicate_key', 'The query contains a parameter twice'));
    query[name] = value;
  }
  return query;
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isStorable(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
