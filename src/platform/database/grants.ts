import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { DatabaseConfig } from '#config';

const GRANTS = new URL('../../../prisma/grants.sql', import.meta.url);

/**
 * Gives the application's role what it needs, and no more, where another role owns the schema.
 *
 * @returns the role's name; `undefined` where the owner is the application itself
 */
export async function grantToApplication(
  owner: DatabaseConfig,
  application: DatabaseConfig,
): Promise<string | undefined> {
  if (owner.kind !== 'postgres' || application.kind !== 'postgres') return undefined;
  const role = decodeURIComponent(new URL(application.url).username);
  if (role === '' || role === decodeURIComponent(new URL(owner.url).username)) return undefined;
  const client = new pg.Client({ connectionString: owner.url });
  await client.connect();
  try {
    const grants = await readFile(GRANTS, 'utf8');
    await client.query(grants.replaceAll(':role', pg.escapeIdentifier(role)));
  } finally {
    await client.end();
  }
  return role;
}
