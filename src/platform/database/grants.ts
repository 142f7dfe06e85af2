import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { DatabaseConfig } from '#config';
import type { SqlConnection } from '#platform/postgres';

const GRANTS = new URL('../../../prisma/grants.sql', import.meta.url);

/** The role that needs grants; `undefined` where the application owns the schema. */
export function applicationRole(owner: DatabaseConfig, application: DatabaseConfig): string | undefined {
  if (owner.kind !== 'postgres' || application.kind !== 'postgres') return undefined;
  const [ownerRole, role] = [owner, application].map(({ url }) => decodeURIComponent(new URL(url).username));
  return role === '' || role === ownerRole ? undefined : role;
}

/** Gives the application's role what it needs, and no more. */
export async function grantToRole(role: string, owner: SqlConnection): Promise<void> {
  const grants = await readFile(GRANTS, 'utf8');
  await owner.execute(grants.replaceAll(':role', pg.escapeIdentifier(role)));
}
