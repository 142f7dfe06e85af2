import type { OpenAPIObject } from '@nestjs/swagger';
import { openEnum } from './documentation.js';
import { errorCodes } from './error.response.js';

type DescribedSchema = Readonly<Record<string, unknown>>;
type SchemaObject = Exclude<NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string], { $ref: string }>;

/** What the modules of an application declare when it starts. */
export interface Declarations {
  /** The attributes of users, by `<extension>.<name>`. */
  readonly attributes: ReadonlyMap<string, { readonly searchable: boolean; readonly schema: DescribedSchema }>;
  /** The names of all permissions. */
  readonly permissions: ReadonlySet<string>;
}

/** Adds what only a started application knows. */
export function addDeclarations(document: OpenAPIObject, { attributes, permissions }: Declarations): void {
  addAttributes(document, attributes);
  const names = openEnum([...permissions].toSorted(), { pattern: '^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$', maxLength: 100 });
  for (const request of ['CreateRoleRequest', 'UpdateRoleRequest']) {
    const list = propertyOf(document, request, 'permissions');
    if (list !== undefined) list.items = names;
  }
  const codes = openEnum(errorCodes(), { pattern: '^[A-Z][A-Z0-9_]*$', maxLength: 100 });
  for (const [schema, property, values] of [
    ['PermissionResponse', 'name', names],
    ['ErrorContent', 'code', codes],
  ] as const) {
    const found = propertyOf(document, schema, property);
    if (found !== undefined) Object.assign(found, values, { type: undefined });
  }
}

function propertyOf({ components }: OpenAPIObject, name: string, property: string): SchemaObject | undefined {
  const schema = components?.schemas?.[name];
  const found = schema === undefined || '$ref' in schema ? undefined : schema.properties?.[property];
  return found === undefined || '$ref' in found ? undefined : found;
}

/** Adds attributes to the schemas of a user, of the requests that set one, and to the filters of the list. */
function addAttributes({ components, paths }: OpenAPIObject, attributes: Declarations['attributes']): void {
  if (attributes.size === 0) return;
  const entries = [...attributes].map(([name, { schema }]) => [name, orNull(schema)]);
  const whole = { type: 'object', properties: Object.fromEntries(entries) as SchemaObject['properties'] } as const;
  for (const name of ['UserResponse', 'CreateUserRequest', 'UpdateUserRequest']) {
    const schema = components?.schemas?.[name];
    if (schema !== undefined && !('$ref' in schema)) schema.properties = { ...schema.properties, attributes: whole };
  }
  const list = Object.values(paths).find((item) => item.get?.operationId === 'listUsers')?.get;
  for (const [name, { searchable, schema }] of attributes) {
    if (searchable) list?.parameters?.push({ name: `attributes.${name}`, in: 'query', required: false, schema });
  }
}

function orNull({ type, enum: values, ...others }: DescribedSchema): object {
  return {
    ...others,
    type: [type, 'null'],
    ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}),
  };
}
