declare global {
  // Set in built-environment.mjs.
  function importNatively<T>(specifier: string): Promise<T>;
}

/** Packages as the application has them, not the suite's own copies: what is changed in them, the application notices. */
export const { default: pg } = await importNatively<typeof import('pg')>('pg');
export const { Redis } = await importNatively<typeof import('ioredis')>('ioredis');
export const { PGlite } = await importNatively<typeof import('@electric-sql/pglite')>('@electric-sql/pglite');
