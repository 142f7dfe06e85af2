import type * as Swagger from '@nestjs/swagger';

export type { ApiParamOptions, ApiPropertyOptions } from '@nestjs/swagger';

/** The security scheme of routes that take the cookie with a refresh token. */
export const REFRESH_COOKIE_SCHEME = 'refreshCookie';

/** A header that a client sends. Node.js refuses a head of more than 16 KiB, so that each of a few may be this long. */
export const HEADER_SCHEMA = { type: 'string' as const, maxLength: 2_048 };

/** A list of entity tags, or `*` (RFC 9110, section 13.1.1). */
export const ETAGS_SCHEMA = {
  type: 'string' as const,
  maxLength: 2_048,
  pattern: '^[ \\t]*(?:\\*|(?:W/)?"[^"]*"(?:[ \\t]*,[ \\t]*(?:W/)?"[^"]*")*)[ \\t]*$',
};

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

type Documentation = (swagger: typeof Swagger) => ClassDecorator | MethodDecorator | PropertyDecorator;
type Decorator = (target: object, key?: string | symbol, descriptor?: unknown) => void;

const waiting: ((swagger: typeof Swagger) => void)[] = [];

/**
 * Loads `@nestjs/swagger` and applies the descriptions that were recorded since the last call.
 *
 * Loading the package takes a quarter of a start, and production serves no description by default. So the decorators in
 * this file only record what they describe.
 */
export async function applyDocumentation(): Promise<typeof Swagger> {
  const swagger = await import('@nestjs/swagger');
  for (const apply of waiting.splice(0)) apply(swagger);
  return swagger;
}

export type Operation = NonNullable<Swagger.OpenAPIObject['paths'][string]['get']>;

/** Every operation of a document, with its method and path. */
export function operationsOf({ paths }: Pick<Swagger.OpenAPIObject, 'paths'>) {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, path, operation }];
    }),
  );
}

/** The `$ref` of a model. */
export function schemaReference(model: { readonly name: string }) {
  return { $ref: `#/components/schemas/${model.name}` };
}

/** The schema of a text that is one of these today; a later release or an extension may add others, of the same shape. */
export function openEnum(values: readonly string[], shape: { readonly pattern: string; readonly maxLength: number }) {
  return {
    anyOf: [
      { type: 'string' as const, enum: [...values] },
      { type: 'string' as const, ...shape },
    ],
  };
}

export const ApiBody = (options: Swagger.ApiBodyOptions) => later((swagger) => swagger.ApiBody(options));
export const ApiBearerAuth = () => later((swagger) => swagger.ApiBearerAuth());
export const ApiExtension = (key: string, value: unknown) => later((swagger) => swagger.ApiExtension(key, value));
export const ApiExtraModels = (...models: Parameters<typeof Swagger.ApiExtraModels>) =>
  later((swagger) => swagger.ApiExtraModels(...models));
export const ApiHeader = (options: Swagger.ApiHeaderOptions) => later((swagger) => swagger.ApiHeader(options));
export const ApiOperation = (options: Swagger.ApiOperationOptions) => later((swagger) => swagger.ApiOperation(options));
export const ApiParam = (options: Swagger.ApiParamOptions) => later((swagger) => swagger.ApiParam(options));
export const ApiProperty = (options?: Swagger.ApiPropertyOptions) => later((swagger) => swagger.ApiProperty(options));
export const ApiPropertyOptional = (options?: Swagger.ApiPropertyOptions) =>
  later((swagger) => swagger.ApiPropertyOptional(options));
export const ApiResponse = (options: Swagger.ApiResponseOptions) => later((swagger) => swagger.ApiResponse(options));
export const ApiSecurity = (name: Parameters<typeof Swagger.ApiSecurity>[0]) =>
  later((swagger) => swagger.ApiSecurity(name));
export const ApiTags = (...tags: string[]) => later((swagger) => swagger.ApiTags(...tags));

function later(documentation: Documentation): Decorator {
  return (target, key, descriptor) => {
    waiting.push((swagger) => Reflect.apply(documentation(swagger), undefined, [target, key, descriptor]));
  };
}
