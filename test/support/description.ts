import { readFileSync } from 'node:fs';

export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Json }>>;
  };
  readonly responses: Readonly<Record<string, DeclaredResponse | undefined>>;
}

interface DeclaredResponse {
  readonly headers?: Json;
  readonly content?: Readonly<Record<string, { readonly schema: Json } | undefined>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: Json;
}

/** docs/api/openapi.yaml, which the global set-up reads once. A test holds it equal to the application. */
export const description = JSON.parse(readFileSync(process.env['TEST_DESCRIPTION'] ?? '', 'utf8')) as Description;
