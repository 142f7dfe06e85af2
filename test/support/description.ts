import { readFileSync } from 'node:fs';

export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly 'x-access'?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Json; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<Record<string, DeclaredResponse | undefined>>;
}

export interface DeclaredResponse {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: Json;
  readonly content?: Readonly<Record<string, { readonly schema: Json; readonly example?: unknown } | undefined>>;
}

export interface Description {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: Json & {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, DeclaredResponse>>;
  };
}

/** docs/api/openapi.yaml, which the global set-up reads once. A test holds it equal to the application. */
export const description = JSON.parse(readFileSync(process.env['TEST_DESCRIPTION'] ?? '', 'utf8')) as Description;
