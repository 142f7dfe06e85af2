import { fault } from '#platform/errors';
import { unknownField } from './field-rules.js';
import { MalformedInput } from './malformed-input.js';
import { isInherited, isStorable } from './strict-json.js';

const ATTRIBUTES_PREFIX = 'attributes.';

/** Fastify query string parser: every parameter once, in valid UTF-8. */
export function parseQuery(text: string): Record<string, unknown> | MalformedInput {
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
    if (isInherited(name) || isInherited(name.replace(ATTRIBUTES_PREFIX, '')))
      return new MalformedInput('query', unknownField(name));
    if (name in query)
      return new MalformedInput('query', fault('duplicate_key', 'The query contains a parameter twice'));
    query[name] = value;
  }
  return withAttributes(query);
}

/** Filters by attributes of extensions, `attributes.<extension>.<name>`, become one parameter. */
function withAttributes(query: Record<string, string>): Record<string, unknown> {
  const names = Object.keys(query).filter((name) => name.startsWith(ATTRIBUTES_PREFIX));
  if (names.length === 0 || 'attributes' in query) return query;
  const attributes: Record<string, string> = Object.create(null);
  const whole: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(query)) {
    if (name.startsWith(ATTRIBUTES_PREFIX)) attributes[name.slice(ATTRIBUTES_PREFIX.length)] = value;
    else whole[name] = value;
  }
  return Object.assign(whole, { attributes });
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isStorable(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
