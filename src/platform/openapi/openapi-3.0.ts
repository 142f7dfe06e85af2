import type { OpenAPIObject } from '@nestjs/swagger';

/** The same description for generators that know no OpenAPI 3.1, whose schemas write `null` in another way. */
export function toOpenApi30(document: OpenAPIObject): object {
  return { ...(convert(document) as object), openapi: '3.0.3' };
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== 'object' || value === null) return value;
  // OpenAPI 3.0 has no contentSchema.
  const { type, contentSchema: _, contentMediaType: __, ...others }: Readonly<Record<string, unknown>> = { ...value };
  const converted = Object.fromEntries(Object.entries(others).map(([key, inner]) => [key, convert(inner)]));
  if (type === undefined) return converted;
  // 3.0 has no null type: a value that is always null is a text of which only null is allowed.
  if (type === 'null') return { ...converted, type: 'string', nullable: true, enum: [null] };
  if (!Array.isArray(type)) return { type: convert(type), ...converted };
  const [first, ...more]: unknown[] = type.filter((one) => one !== 'null');
  if (more.length > 0) throw new Error(`OpenAPI 3.0 has no union of types: ${JSON.stringify(type)}`);
  return { type: first, ...(type.includes('null') ? { nullable: true } : {}), ...converted };
}
