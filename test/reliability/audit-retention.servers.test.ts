import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditRetention } from '../../src/audit/index.js';
import { CheckpointService } from '../../src/audit/chain/checkpoint.service.js';
import { CheckpointsRepository } from '../../src/audit/chain/checkpoints.repository.js';
import { SECRETS, startApp, type TestApp } from '../support/app.js';
import { linkNow } from '../support/audit.js';
import { onDatabase } from '../support/databases.js';
import { runCommand } from '../support/process.js';

const OLD = ['2024-05', '2024-06'] as const;
/** The linker holds the lock in the background. */
const PATIENCE_MS = 10_000;

describe('Months of audit entries past their retention', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
    await onDatabase(test.stores, async (client) => {
      for (const month of OLD) {
        const first = `${month}-01`;
        for (const parent of ['entries', 'links']) {
          await client.query(`
            CREATE TABLE audit.${parent}_${month.replace('-', '_')} PARTITION OF audit.${parent}
            FOR VALUES FROM ('${await idOf(first)}') TO ('${await idOf(first, '1 month')}')`);
        }
        await client.query(`
          WITH inserted AS (
            INSERT INTO audit.entries (id, time, action, outcome, actor_type, target_type)
            SELECT (left(audit.first_id('${first}')::text, 13) || '-7000-8000-' || lpad(i::text, 12, '0'))::uuid,
              '${first}', 'user.updated', 'success', 'system', 'user' FROM generate_series(1, 50) i
            RETURNING id)
          INSERT INTO audit.unlinked SELECT id FROM inserted`);
        async function idOf(date: string, later = '0'): Promise<string> {
          const { rows } = await client.query(
            `SELECT audit.first_id((date '${date}' + interval '${later}')::date) AS id`,
          );
          return rows[0].id;
        }
      }
    });
    await linkNow(test);
  });
  afterAll(() => test.close());

  const verify = () => runCommand('audit:verify', { ...test.stores.env, ...SECRETS });
  const tables = () =>
    onDatabase(test.stores, async (client) => {
      const { rows } = await client.query(
        `SELECT relname FROM pg_class WHERE relname ~ '^(entries|links)_2024' ORDER BY 1`,
      );
      return rows.map(({ relname }: { relname: string }) => relname);
    });

  it('are sealed and dropped, even after an interrupted drop, and the rest passes verification', async () => {
    expect(await verify()).toMatchObject({ code: 0 });
    // The state after a crash halfway: the checkpoint says "dropped", but only one of two tables is detached.
    const checkpoints = test.app.get(CheckpointService);
    expect(await checkpoints.seal(OLD[0], PATIENCE_MS)).toBe(true);
    expect(await checkpoints.make(OLD[0], 'dropped', PATIENCE_MS)).toBe(true);
    await onDatabase(test.stores, (client) =>
      client.query('ALTER TABLE audit.links DETACH PARTITION audit.links_2024_05 CONCURRENTLY'),
    );
    expect(await test.app.get(AuditRetention).sweep()).toEqual(expect.arrayContaining([...OLD]));
    expect(await tables()).toEqual([]);
    const latest = await test.app.get(CheckpointsRepository).latestOf(OLD[1]);
    expect(latest).toMatchObject({ kind: 'dropped', sequence: 50 });
    expect(await verify()).toMatchObject({ code: 0 });
  });
});
