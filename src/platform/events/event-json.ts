/** The own properties of an event as JSON text. Times keep their type: they come back as `Date`. */
export function toJson(event: object): string {
  return JSON.stringify({ ...event }, function (this: Readonly<Record<string, unknown>>, name, value: unknown) {
    // JSON.stringify has called toJSON() by now; the holder still has the Date.
    const original = this[name];
    return original instanceof Date ? { $time: original.toISOString() } : value;
  });
}

/** An event of this class with these properties, made without its constructor. */
export function fromJson<E extends object>(prototype: E, properties: unknown): E {
  const event: unknown = Object.create(prototype);
  return Object.assign(event as E, revive(properties));
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if ('$time' in value && typeof value.$time === 'string') return new Date(value.$time);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revive(inner)]));
}
