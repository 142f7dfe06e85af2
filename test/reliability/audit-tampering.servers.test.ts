import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { publicKeyText, type SignedCheckpoint, verificationOf } from '../../src/audit/index.js';
import { type Checkpoint, signCheckpoint } from '../../src/audit/chain/checkpoint.js';
import { CheckpointService } from '../../src/audit/chain/checkpoint.service.js';
import { CheckpointsRepository } from '../../src/audit/chain/checkpoints.repository.js';
import { AppConfig } from '../../src/config/index.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { linkNow } from '../support/audit.js';
import { connectTo } from '../support/databases.js';
import { Random } from '../support/random.js';

const TAMPERINGS = Number(process.env['TAMPERINGS'] ?? 20);
const ENTRIES = 300;
const NOW = new Date().toISOString();
const SEED = 20_261_124;
const MONTHS = ['2026-10', '2026-11'] as const;

interface Linked {
  readonly month: string;
  readonly sequence: number;
  readonly id: string;
}

type Tampering = (client: pg.Client, random: Random, linked: readonly Linked[]) => Promise<string[]>;

const FIELDS = ['action', 'outcome', 'actor_id', 'session_id', 'target_id', 'ip', 'user_agent', 'request_id', 'reason'];

const pick = (random: Random, linked: readonly Linked[]): Linked => linked[random.below(linked.length)] as Linked;

/** Inserts a copy of an entry, to be read right after it. @returns the id of the copy */
async function insertCopy(client: pg.Client, random: Random, linked: readonly Linked[]): Promise<string> {
  const { id } = pick(random, linked);
  const slipped =
    id.slice(0, 24) +
    random
      .below(2 ** 40)
      .toString(16)
      .padStart(12, '0');
  await client.query(
    `INSERT INTO audit.entries SELECT $2, time, action, outcome, actor_id, actor_type, session_id, target_type,
       target_id, ip, user_agent, request_id, changes, reason, count FROM audit.entries WHERE id = $1`,
    [id, slipped],
  );
  return slipped;
}

/** Changes that a superuser of the database can make; each returns the ids of the entries that it touched. */
const KINDS: Readonly<Record<string, Tampering>> = {
  'an edited field': async (client, random, linked) => {
    const { id } = pick(random, linked);
    const field = FIELDS[random.below(FIELDS.length)] ?? '';
    const value = { outcome: `'denied'`, actor_id: 'gen_random_uuid()', session_id: 'gen_random_uuid()' }[field];
    await client.query(`UPDATE audit.entries SET ${field} = ${value ?? `'edited'`} WHERE id = $1`, [id]);
    return [id];
  },
  'an edited count, time or change': async (client, random, linked) => {
    const { id } = pick(random, linked);
    const edit = ['count = count + 1', `time = time + interval '1 ms'`, `changes = '{"x":{}}'`][random.below(3)];
    await client.query(`UPDATE audit.entries SET ${edit} WHERE id = $1`, [id]);
    return [id];
  },
  'a deleted entry': async (client, random, linked) => {
    const { id } = pick(random, linked);
    await client.query('DELETE FROM audit.entries WHERE id = $1', [id]);
    return [id];
  },
  'an entry deleted with its link': async (client, random, linked) => {
    const { id, month, sequence } = pick(random, linked);
    await client.query('DELETE FROM audit.entries WHERE id = $1', [id]);
    await client.query('DELETE FROM audit.links WHERE entry_id = $1', [id]);
    const next = linked.find((one) => one.month === month && one.sequence === sequence + 1);
    return [next?.id ?? id];
  },
  'two swapped entries': async (client, random, linked) => {
    const one = pick(random, linked);
    const other = pick(
      random,
      linked.filter(({ month, id }) => month === one.month && id !== one.id),
    );
    const move = (id: string, sequence: number) =>
      client.query('UPDATE audit.links SET sequence = $2 WHERE entry_id = $1', [id, sequence]);
    await move(one.id, 1_000_000);
    await move(other.id, one.sequence);
    await move(one.id, other.sequence);
    return [one.id, other.id];
  },
  'an inserted entry': async (client, random, linked) => {
    const slipped = await insertCopy(client, random, linked);
    return [slipped];
  },
  'an entry inserted with a link in another month': async (client, random, linked) => {
    const slipped = await insertCopy(client, random, linked);
    await client.query(`INSERT INTO audit.links VALUES ('2020-01-01', 1, $1, '\\x00')`, [slipped]);
    return [slipped];
  },
  'a month that an untrusted key marks as dropped': async (client, random, linked) => {
    const { id } = pick(
      random,
      linked.filter((one) => one.month === MONTHS[0]),
    );
    await client.query(`UPDATE audit.entries SET reason = 'edited' WHERE id = $1`, [id]);
    const { privateKey } = generateKeyPairSync('ed25519');
    const claim = {
      id,
      kind: 'dropped',
      month: MONTHS[0],
      sequence: 1,
      hash: 'ff',
      entryId: id,
      time: NOW,
      previous: null,
    };
    const { publicKey, signature } = signCheckpoint(claim as Checkpoint, privateKey);
    await client.query(
      `INSERT INTO audit.checkpoints (id, kind, month, sequence, hash, entry_id, time, public_key, signature)
       VALUES ($1, 'dropped', $2, 1000000, '\\xff', $1, $3, $4, $5)`,
      [id, `${MONTHS[0]}-01`, NOW, publicKey, Buffer.from(signature, 'base64url')],
    );
    return [id];
  },
  'a tail that was cut off together with its checkpoints': async (client, random, linked) => {
    const { month, sequence } = pick(
      random,
      linked.filter((one) => one.month === MONTHS[1]),
    );
    const first = `${month}-01`;
    await client.query(
      `DELETE FROM audit.entries WHERE id IN (SELECT entry_id FROM audit.links WHERE month = $1 AND sequence >= $2)`,
      [first, sequence],
    );
    await client.query('DELETE FROM audit.links WHERE month = $1 AND sequence >= $2', [first, sequence]);
    await client.query('DELETE FROM audit.checkpoints WHERE month = $1 AND sequence >= $2', [first, sequence]);
    return [linked.findLast((one) => one.month === MONTHS[1])?.id ?? ''];
  },
  'two chains whose hashes were swapped': async (client, _random, linked) => {
    // Swaps the hashes of the two months: the nth entry of each gets the hash of the nth entry of the other.
    await client.query(`
      UPDATE audit.links l SET hash = o.hash FROM audit.links o
      WHERE o.sequence = l.sequence AND o.month <> l.month`);
    return MONTHS.map((month) => linked.find((one) => one.month === month)?.id ?? '');
  },
};

describe(`${TAMPERINGS} tamperings by a superuser, verified with external checkpoints`, () => {
  let test: TestApp;
  let client: pg.Client;
  let linked: Linked[];
  let held: SignedCheckpoint[];
  beforeAll(async () => {
    test = await startApp();
    client = await connectTo(test.env['DATABASE_URL'] ?? '');
    for (const [n, month] of MONTHS.entries()) await write(month, n);
    await linkNow(test);
    for (const month of MONTHS) await test.app.get(CheckpointService).make(month, 'open');
    const { rows } = await client.query(
      `SELECT to_char(month, 'YYYY-MM') AS month, sequence::int, entry_id AS id FROM audit.links ORDER BY month, sequence`,
    );
    linked = rows;
    const repository = test.app.get(CheckpointsRepository);
    const latest = await Promise.all(MONTHS.map((month) => repository.latestOf(month)));
    held = latest.filter((checkpoint) => checkpoint !== undefined);
    // Turns off the triggers that forbid changes to the audit log.
    await client.query(`SET session_replication_role = 'replica'`);
  });
  afterAll(async () => {
    await client.end();
    await test.close();
  });

  /** Writes entries as the recorder does, in the given month. */
  const write = async (month: string, n: number) => {
    await client.query(
      `WITH inserted AS (
         INSERT INTO audit.entries
         SELECT (lpad(to_hex(extract(epoch FROM t)::bigint * 1000), 12, '0') || '7' || lpad(to_hex(i), 3, '0')
             || '8' || lpad(to_hex(i), 15, '0'))::uuid,
           date_trunc('second', t), 'user.updated', 'success', gen_random_uuid(), 'user', gen_random_uuid(), 'user',
           'target ' || i, '127.0.0.1', 'agent', 'request-' || $2 || '-' || i,
           jsonb_build_object('bio', jsonb_build_object('before', i, 'after', NULL)), NULL, 1
         FROM generate_series(1, ${ENTRIES}) i,
           LATERAL (SELECT date_trunc('second', $1::timestamptz + i * interval '1 minute') AS t) at
         RETURNING id)
       INSERT INTO audit.unlinked SELECT id FROM inserted`,
      [`${month}-02T00:00:00Z`, n],
    );
  };

  const verify = async () => {
    const { signingKey } = test.app.get(AppConfig).audit;
    const trusted = new Set([publicKeyText(createPublicKey(signingKey))]);
    const verification = verificationOf(test.app.get(PrismaService), { externalCheckpoints: held, trusted });
    for (let page = await verification.page(undefined, 100); ; page = await verification.page(page.next, 100)) {
      if (!page.valid || page.next === null) return page;
    }
  };

  it(
    'are all detected, and the entry is named',
    async () => {
      expect(await verify()).toMatchObject({ valid: true });
      const { rows: entries } = await client.query('SELECT to_jsonb(e) AS row FROM audit.entries e');
      const copy = async (table: string) => {
        await client.query(`DROP TABLE IF EXISTS public.kept_${table}`);
        await client.query(`CREATE TABLE public.kept_${table} AS SELECT * FROM audit.${table}`);
      };
      for (const table of ['entries', 'links', 'checkpoints']) await copy(table);
      expect(entries.length).toBeGreaterThanOrEqual(2 * ENTRIES);
      const random = new Random(SEED);
      const names = Object.keys(KINDS);
      const missed: unknown[] = [];
      for (let n = 0; n < TAMPERINGS; n += 1) {
        const name = names[n % names.length] ?? '';
        const touched = (await KINDS[name]?.(client, random, linked)) ?? [];
        const { valid, firstInvalidId } = await verify();
        if (valid || !touched.includes(firstInvalidId ?? '')) missed.push({ n, name, touched, valid, firstInvalidId });
        for (const table of ['entries', 'links']) {
          await client.query(`DELETE FROM audit.${table}`);
          await client.query(`INSERT INTO audit.${table} SELECT * FROM public.kept_${table}`);
        }
        await client.query('DELETE FROM audit.checkpoints');
        await client.query(
          'INSERT INTO audit.checkpoints OVERRIDING SYSTEM VALUE SELECT * FROM public.kept_checkpoints',
        );
      }
      process.stderr.write(
        `${TAMPERINGS} tamperings of ${names.length} kinds, seed ${SEED}: ${missed.length} missed\n`,
      );
      expect(missed).toEqual([]);
      expect(await verify()).toMatchObject({ valid: true });
    },
    60_000 + TAMPERINGS * 500,
  );
});
