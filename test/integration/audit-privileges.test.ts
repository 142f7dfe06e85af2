import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { SET_SESSION } from '../../src/platform/postgres/session-settings.js';
import { register, startApp } from '../support/app.js';
import { auditLogs, linkNow } from '../support/audit.js';
import { onDatabase } from '../support/databases.js';
import { newAccount } from '../support/factories.js';
import { type Outcome, runCommand } from '../support/process.js';
import { createStores, createUnmigratedStores, onServers, type Stores } from '../support/stores.js';

const TABLES = ['entries', 'links', 'checkpoints'];

const tampering = (table: string) => [
  `UPDATE audit.${table} SET hash = NULL`.replace('hash = NULL', table === 'entries' ? 'count = 2' : "hash = '\\x00'"),
  `DELETE FROM audit.${table}`,
  `TRUNCATE audit.${table}`,
];

if (onServers) {
  describe('The database role of the application, when another role owns the schema', () => {
    const role = `uma_app_${process.pid}`;
    let stores: Stores;
    let migrated: Outcome;
    beforeAll(async () => {
      stores = await createUnmigratedStores();
      await onDatabase(stores, async (owner) => {
        await owner.query(`CREATE ROLE ${role} LOGIN`);
      });
      const { DATABASE_URL = '' } = stores.env;
      const url = new URL(DATABASE_URL);
      url.username = role;
      const env = { ...stores.env, DATABASE_URL: url.href, MIGRATION_DATABASE_URL: DATABASE_URL };
      migrated = await runCommand('migrate', env);
    });
    afterAll(async () => {
      await onDatabase(stores, async (owner) => {
        await owner.query(`DROP OWNED BY ${role}`);
        await owner.query(`DROP ROLE ${role}`);
      });
      await stores.remove();
    });

    it('is granted its privileges by the migration', () => {
      expect(migrated).toMatchObject({ code: 0, stdout: expect.stringContaining(`Granted the role ${role}`) });
    });

    it('can run the application, and write and link audit entries', async () => {
      const url = new URL(stores.env['DATABASE_URL'] ?? '');
      url.username = role;
      const test = await startApp({ DATABASE_URL: url.href }, stores);
      const { user, token } = await register(test.api, newAccount());
      await test.api.patch('/users/me', { bio: 'By a role that may do little' }, { token });
      await test.api.delete('/users/me', { token });
      await linkNow(test);
      expect((await auditLogs(test, { targetId: user.id })).map(({ action }) => action)).toEqual([
        'user.deleted',
        'session.ended',
        'user.updated',
        'session.started',
        'user.created',
      ]);
      await test.close();
    });

    it.each([
      ...TABLES.flatMap(tampering),
      'ALTER TABLE audit.entries DISABLE TRIGGER ALL',
      'ALTER TABLE audit.links DROP COLUMN hash',
      'ALTER TABLE audit.checkpoints RENAME TO gone',
      'DROP TABLE audit.entries',
      'DROP SCHEMA audit CASCADE',
      `SET session_replication_role = 'replica'`,
      'CREATE TABLE audit.mine ()',
      "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', 'x')",
    ])('is refused the statement %s', async (statement) => {
      const refused = onDatabase(stores, (client) => client.query(statement), role);
      await expect(refused).rejects.toMatchObject({ code: '42501' });
    });
  });
} else {
  describe('Embedded stores, where every connection is a superuser', () => {
    let stores: Stores;
    let client: PGlite;
    beforeAll(async () => {
      stores = await createStores();
      const dataDir = join(stores.env['DATA_DIR'] ?? '', 'pglite');
      client = await PGlite.create({ dataDir, extensions: { pg_trgm } });
      await client.exec(SET_SESSION);
    });
    afterAll(async () => {
      await client.close();
      await stores.remove();
    });

    it.each(TABLES.flatMap(tampering))('refuse the statement %s', async (statement) => {
      await expect(client.query(statement)).rejects.toThrow(/append-only/);
    });

    it('refuse to delete from or truncate the table of any month', async () => {
      const { rows } = await client.query<{ table: string }>(`
        SELECT 'audit.' || relname AS table FROM pg_class
        WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' AND relname ~ '^(entries|links)_'`);
      expect(rows.length).toBeGreaterThan(8);
      for (const { table } of rows) {
        for (const statement of [`DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
          await expect(client.query(statement)).rejects.toThrow(/append-only/);
        }
      }
    });
  });
}
