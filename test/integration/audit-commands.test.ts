import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { monthOf, startOf } from '../../src/audit/chain/chain.js';
import { CheckpointService } from '../../src/audit/chain/checkpoint.service.js';
import { AuditRetention } from '../../src/audit/index.js';
import { firstUuidV7Of } from '../../src/platform/database/uuid-v7.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { auditLogs, linkNow } from '../support/audit.js';
import { newAccount } from '../support/factories.js';
import { runCommand } from '../support/process.js';
import { createStores, newFolder, type Stores } from '../support/stores.js';

const lines = (text: string) => text.trimEnd().split('\n');
const idOf = (line = '') => (JSON.parse(line) as { id: string }).id;
const parsed = (text: string) => lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);
/** The linker holds the lock in the background. */
const PATIENCE_MS = 10_000;

describe('The audit log', () => {
  let stores: Stores;
  let sink: string;
  let test: TestApp;
  beforeEach(async () => {
    stores = await createStores();
    sink = `${newFolder()}-sink.ndjson`;
    test = await startApp({ AUDIT_SINK: `file:${sink}` }, stores);
  });
  afterEach(() => stores.remove());

  const env = () => ({ ...stores.env, ...SECRETS });
  const verify = (...args: string[]) => runCommand('audit:verify', env(), { args });
  const write = async () => {
    for (let n = 0; n < 3; n += 1) await register(test.api, newAccount());
    await linkNow(test);
  };
  const exported = async () => {
    const { token } = await test.admin();
    const { text } = await test.api.get('/audit-logs/export', { token });
    const path = `${newFolder()}-export.ndjson`;
    await writeFile(path, text);
    return { path, text };
  };

  it('sends every entry, in chain order, and the checkpoints to its sink', async () => {
    await write();
    const entries = await auditLogs(test);
    await test.close();
    const records = parsed(await readFile(sink, 'utf8'));
    const sent = records.filter(({ type }) => type === 'entry');
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index + 1));
    for (const entry of entries.slice(1)) expect(sent.map((record) => record['entry'])).toContainEqual(entry);
    const checkpoints = records.filter(({ type }) => type === 'checkpoint');
    expect(checkpoints.at(-1)?.['checkpoint']).toMatchObject({ sequence: sent.length, hash: sent.at(-1)?.['hash'] });
  });

  it('sends entries again after its sink has failed', async () => {
    await test.close();
    test = await startApp({ AUDIT_SINK: 'file:/no/such/folder/sink.ndjson' }, stores);
    await register(test.api, newAccount());
    await test.close();
    test = await startApp({ AUDIT_SINK: `file:${sink}` }, stores);
    await linkNow(test);
    await test.close();
    const sequences = parsed(await readFile(sink, 'utf8'))
      .filter(({ type }) => type === 'entry')
      .map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    expect(sequences.length).toBeGreaterThan(2);
  });

  it('passes verification, as a database and as an export, against the checkpoints in its sink', async () => {
    await write();
    const { path } = await exported();
    await test.close();
    expect(await verify('--checkpoints', sink)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The audit log is intact: \d+ entries, [1-9]\d* external checkpoints\.\n$/),
    });
    // The sink also has later checkpoints, which the export does not reach: keep the first only.
    const first = lines(await readFile(sink, 'utf8')).find((line) => line.includes('"type":"checkpoint"'));
    const held = `${newFolder()}-held.ndjson`;
    await writeFile(held, `${first}\n`);
    expect(await verify('--export', path, '--checkpoints', held)).toMatchObject({ code: 0 });
  });

  it('fails verification when an export was edited or shortened, and the entry is named', async () => {
    await write();
    const { path, text } = await exported();
    await test.close();
    const all = lines(text);
    const edited = all.with(2, (all[2] ?? '').replace('"count":1', '"count":2'));
    const cases: [string[], string][] = [
      [edited, idOf(all[2])],
      [all.toSpliced(3, 1), idOf(all[4])],
    ];
    for (const [tampered, named] of cases) {
      await writeFile(path, `${tampered.join('\n')}\n`);
      const { code, stderr } = await verify('--export', path, '--checkpoints', sink);
      expect([code, stderr]).toEqual([
        1,
        `The audit log has been tampered with: entry ${named} does not match its chain.\n`,
      ]);
    }
    // An older export is valid, but the output says that there are newer checkpoints.
    await writeFile(path, `${all.slice(0, 2).join('\n')}\n`);
    const { code, stdout } = await verify('--export', path, '--checkpoints', sink);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/intact: 2 entries, [1-9]\d* newer checkpoints, /)]);
  });

  it('seals and drops months that are past their retention, and the rest passes verification', async () => {
    await write();
    const before = (await auditLogs(test)).length;
    expect(before).toBeGreaterThan(0);
    const retention = test.app.get(AuditRetention);
    const later = new Date(Date.now() + 800 * 86_400_000);
    // The current month cannot be sealed before it ends, even when the sweep is given a later time.
    const dropped = await retention.sweep(later);
    expect(dropped).not.toContain(new Date().toISOString().slice(0, 7));
    expect(dropped.length).toBeGreaterThan(0);
    expect((await auditLogs(test)).length).toBeGreaterThan(before);
    await test.close();
    expect((await verify()).code).toBe(0);
    const { code, stdout } = await runCommand('audit:sweep', env());
    expect([code, stdout]).toEqual([0, 'Nothing to drop.\n']);
  });

  it('passes verification after a sweep under any later retention, and a sweep that was cut short is finished', async () => {
    const last = monthOf(new Date(startOf(monthOf(new Date())).getTime() - 1));
    const id = firstUuidV7Of(startOf(last)).replace('-0000-0000-', '-7000-8000-');
    await test.app.get(PrismaService).$executeRaw`
      WITH inserted AS (
        INSERT INTO audit.entries (id, time, action, outcome, actor_type, target_type)
        VALUES (${id}::uuid, ${startOf(last)}, 'user.updated', 'success', 'system', 'user') RETURNING id)
      INSERT INTO audit.unlinked SELECT id FROM inserted`;
    await linkNow(test);
    // What a sweep leaves that is killed after it has said that the month is dropped.
    const checkpoints = test.app.get(CheckpointService);
    expect(await checkpoints.seal(last, PATIENCE_MS)).toBe(true);
    expect(await checkpoints.make(last, 'dropped', PATIENCE_MS)).toBe(true);
    await test.close();
    const sweep = await runCommand('audit:sweep', { ...env(), AUDIT_RETENTION: '3650d' });
    expect(sweep.stdout).toBe(`Dropped ${last}.\n`);
    for (const AUDIT_RETENTION of ['1d', '400d', '3650d']) {
      const { code, stderr } = await runCommand('audit:verify', { ...env(), AUDIT_RETENTION });
      expect([AUDIT_RETENTION, code, stderr]).toEqual([AUDIT_RETENTION, 0, '']);
    }
    test = await startApp({ AUDIT_RETENTION: '3650d' }, stores);
    const { token } = await test.admin();
    const { body } = await test.api.get('/audit-logs/verification', { token });
    expect(body.data).toMatchObject({ valid: true, firstInvalidId: null });
    await test.close();
  });
});
