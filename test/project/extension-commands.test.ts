import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { copyProject } from '../support/extension-project.js';
import { newFolder } from '../support/stores.js';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let project: string;
let data: string;

async function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const options = { cwd: project, env: { PATH: process.env.PATH, DATA_DIR: data, ...SECRETS, ...env } };
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, options)) };
  } catch (error) {
    return error as Ended;
  }
}

const uma = (...args: string[]) => run(process.execPath, ['--liftoff-only', 'dist/commands/uma.js', ...args]);
const migrations = () => readdir(join(project, 'src/extensions/billing/migrations'));

/** The columns, indexes and keys of the embedded database. */
async function schemaOf(folder: string): Promise<unknown> {
  const script = `
    const { openDriver } = await import('./dist/platform/postgres/index.js');
    const driver = await openDriver({ kind: 'pglite', dataDir: ${JSON.stringify(folder)} });
    const read = async (sql) => driver.withConnection(async (c) => (await c.query(sql)).rows);
    const found = {
      columns: await read("SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"),
      indexes: await read("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
      keys: await read("SELECT conname, pg_get_constraintdef(oid) AS def FROM pg_constraint ORDER BY 1"),
    };
    process.stdout.write(JSON.stringify(found));
    await driver.close();`;
  const { stdout, stderr } = await run(process.execPath, ['--liftoff-only', '--input-type=module', '-e', script]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

function isCore(path: string): boolean {
  return !/dist.extensions.\w/.test(path);
}

describe('The commands of extensions', () => {
  beforeAll(async () => {
    project = await copyProject();
    data = newFolder();
    await mkdir(data);
    await cp('dist', join(project, 'dist'), { recursive: true, filter: isCore });
    // Before there is an extension: its migrations come after the core's here, and among them elsewhere.
    await uma('migrate');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([project, data].map((folder) => rm(folder, { recursive: true, force: true })));
  });

  it('write an extension that builds, migrates and starts nothing else', async () => {
    expect(await uma('extension:new', 'Billing')).toMatchObject({
      code: 1,
      stderr: 'Name the extension in small letters, such as billing, and not Billing.\n',
    });
    expect(await uma('extension:new', 'billing')).toEqual({
      code: 0,
      stderr: '',
      stdout: 'Wrote src/extensions/billing. Next: npm test -- src/extensions/billing\n',
    });
    expect(await uma('extension:new', 'billing')).toMatchObject({ code: 1 });
    const [name = ''] = await migrations();
    // Older than the core's newest.
    await rename(
      join(project, 'src/extensions/billing/migrations', name),
      join(project, 'src/extensions/billing/migrations/20261124000000_billing_create_notes'),
    );
    expect(await run('npm', ['run', '--silent', 'build'])).toMatchObject({ code: 0 });
    const { stdout } = await uma('migrate');
    expect(stdout).toBe('Applied 20261124000000_billing_create_notes.\n');
  }, 120_000);

  it('lead to one schema, whether the core was migrated first or the migrations are interleaved', async () => {
    const whole = newFolder();
    await mkdir(whole);
    expect(
      await run(process.execPath, ['--liftoff-only', 'dist/commands/uma.js', 'migrate'], { DATA_DIR: whole }),
    ).toMatchObject({ code: 0 });
    expect(await schemaOf(whole)).toEqual(await schemaOf(data));
    await rm(whole, { recursive: true });
  });

  it("write a migration of the extension's changes alone into its folder", async () => {
    expect(await uma('migrate:new', 'billing', 'add_nothing')).toMatchObject({
      stdout: 'The migrations lead to the schema: nothing to write.\n',
    });
    expect(await uma('migrate:new', 'none', 'add_nothing')).toMatchObject({
      code: 1,
      stderr: 'There is no folder src/extensions/none.\n',
    });
    const schema = join(project, 'src/extensions/billing/schema.prisma');
    const model = await readFile(schema, 'utf8');
    await writeFile(
      schema,
      `${model}
/// Two relations to users, one of them single.
model BillingAccount {
  userId  String  @id @map("user_id") @db.Uuid
  payerId String? @map("payer_id") @db.Uuid

  user  User  @relation("owner", fields: [userId], references: [id], onDelete: Cascade)
  payer User? @relation("payer", fields: [payerId], references: [id], onDelete: SetNull)

  @@map("ext_billing_accounts")
}
`,
    );
    const { stdout } = await uma('migrate:new', 'billing', 'add_accounts');
    const [, path = ''] =
      /^Wrote (src\/extensions\/billing\/migrations\/\d{14}_billing_add_accounts\/migration.sql)\n$/.exec(stdout) ?? [];
    const sql = await readFile(join(project, path), 'utf8');
    expect(sql).toContain('CREATE TABLE "ext_billing_accounts"');
    expect(sql).not.toContain('ext_billing_notes');
    await cp(join(project, path), join(project, path.replace('src', 'dist')));
    expect(await uma('migrate')).toMatchObject({ code: 0 });
    // The core's own comparison does not see it.
    expect(await run(process.execPath, ['scripts/assemble-schema.mjs'])).toMatchObject({ code: 0 });
    expect(await readFile(join(project, 'prisma/schema/user.prisma'), 'utf8')).not.toContain('Billing');
  }, 120_000);

  it('refuse models that clash or are not named after the extension, and foreign migrations', async () => {
    const other = join(project, 'src/extensions/teams');
    await mkdir(join(other, 'migrations/20991231000000_teams_break'), { recursive: true });
    await writeFile(
      join(other, 'schema.prisma'),
      'model BillingNote {\n  id String @id\n\n  @@map("notes")\n}\nmodel User {\n  id String @id\n\n  @@map("ext_teams_users")\n}\n',
    );
    expect(await run(process.execPath, ['scripts/assemble-schema.mjs'])).toMatchObject({
      code: 1,
      stderr: [
        'Extension teams: the model BillingNote is taken by the extension billing.',
        'Extension teams: the model BillingNote must have @@map("ext_teams_…"), and has notes.',
        'Extension teams: the model User is taken by the core.',
        '',
      ].join('\n'),
    });
    const folder = join(project, 'dist/extensions/teams/migrations/20991231000000_teams_break');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'migration.sql'), 'ALTER TABLE users DROP COLUMN bio;\n');
    const { code, stderr } = await uma('migrate');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^The migration 20991231000000_teams_break failed: it may only touch what is named ext_teams_….*DROP COLUMN bio\n$/,
      ),
    });
    await rm(other, { recursive: true });
    await rm(join(project, 'dist/extensions/teams'), { recursive: true });
  });

  it('say what a removal drops, and drop it', async () => {
    const before = await uma('extension:remove', 'billing');
    expect(before.stdout.split('\n')).toEqual([
      'This would drop:',
      '  the table ext_billing_accounts and its rows',
      '  the table ext_billing_notes and its rows',
      '  the record of the migration 20261124000000_billing_create_notes',
      expect.stringMatching(/^ {2}the record of the migration \d{14}_billing_add_accounts$/),
      '  the folder src/extensions/billing',
      'Run it again with --yes to drop it all.',
      '',
    ]);
    expect(await uma('extension:remove', 'billing', '--yes')).toMatchObject({ code: 0, stderr: '' });
    await expect(stat(join(project, 'src/extensions/billing'))).rejects.toThrow('ENOENT');
    expect(JSON.stringify(await schemaOf(data))).not.toContain('ext_billing');
  }, 120_000);
});
