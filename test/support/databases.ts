import pg from 'pg';
import type { Stores } from './stores.js';

/** Runs `work` on a new connection to the database of the stores, as `user` or as the user in their URL. */
export async function onDatabase<T>(
  { env }: Pick<Stores, 'env'>,
  work: (client: pg.Client) => Promise<T>,
  user?: string,
): Promise<T> {
  const url = new URL(env['DATABASE_URL'] ?? '');
  if (user !== undefined) url.username = user;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
