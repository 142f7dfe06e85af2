import pg from 'pg';
import { SET_SESSION } from '../../src/platform/postgres/session-settings.js';
import type { Stores } from './stores.js';

/** Opens a connection with the settings that the application has, instead of the odd ones of a suite's database. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(SET_SESSION);
  return client;
}

/** Runs `work` on a new connection to the database of the stores, as `user` or as the user in their URL. */
export async function onDatabase<T>(
  { env }: Pick<Stores, 'env'>,
  work: (client: pg.Client) => Promise<T>,
  user?: string,
): Promise<T> {
  const url = new URL(env['DATABASE_URL'] ?? '');
  if (user !== undefined) url.username = user;
  const client = await connectTo(url.href);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
