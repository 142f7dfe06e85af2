import { createPublicKey } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { AuditVerification, ExportVerifier, publicKeyText, type SignedCheckpoint } from '../audit/index.js';
import { openDriver } from '../platform/database/open-driver.js';
import { PrismaService } from '../platform/database/index.js';
import { StartupError } from '../platform/errors/index.js';
import { runCommand } from './run-command.js';

// npm run audit:verify -- [--export <file>] [--checkpoints <file>] [--key <file>]
const USAGE = `npm run audit:verify -- [options]

  --export <file>       an unfiltered export, instead of the configured database
  --checkpoints <file>  checkpoints held elsewhere, as an audit sink writes them
  --key <file>          the public key, in PEM, that checkpoints must be signed with`;
const AT_ONCE = 2_000;

interface Result {
  readonly entries: number;
  readonly firstInvalidId: string | null;
}

await runCommand(async (config) => {
  const { exported, held, key } = await readArguments();
  const { entries, firstInvalidId } =
    exported === undefined
      ? await verifyDatabase((driver) => AuditVerification.on(new PrismaService(driver), config, held, key))
      : await verifyExport(exported, held, key);
  if (firstInvalidId !== null) {
    throw new StartupError(`The audit log has been tampered with: the entry ${firstInvalidId} does not fit.`);
  }
  return `The audit log is whole: ${entries} entries, ${held.length} checkpoints held elsewhere.`;

  async function verifyDatabase(
    open: (driver: Awaited<ReturnType<typeof openDriver>>) => AuditVerification,
  ): Promise<Result> {
    const driver = await openDriver(config.database);
    try {
      return await followPages(open(driver));
    } finally {
      await driver.close();
    }
  }
});

async function followPages(verification: AuditVerification): Promise<Result> {
  let entries = 0;
  for (let page = await verification.page(undefined, AT_ONCE); ; page = await verification.page(page.next, AT_ONCE)) {
    entries += page.entries;
    progress(entries);
    if (!page.valid || page.next === null) return { entries, firstInvalidId: page.firstInvalidId };
  }
}

async function verifyExport(path: string, held: readonly SignedCheckpoint[], key: string | undefined): Promise<Result> {
  const verifier = new ExportVerifier(held, key);
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const invalid = line === '' ? undefined : verifier.read(line);
    if (invalid !== undefined) return { entries: verifier.entries, firstInvalidId: invalid };
    if (verifier.entries % AT_ONCE === 0) progress(verifier.entries);
  }
  return { entries: verifier.entries, firstInvalidId: verifier.end() ?? null };
}

function progress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} entries verified\r`);
}

async function readArguments() {
  const { values } = read();
  const held = values.checkpoints === undefined ? [] : await readCheckpoints(values.checkpoints);
  const pem = values.key === undefined ? undefined : await readFile(values.key, 'utf8');
  return { exported: values.export, held, key: pem === undefined ? undefined : publicKeyText(createPublicKey(pem)) };
}

/** @throws StartupError */
function read() {
  try {
    const file = { type: 'string' } as const;
    return parseArgs({ options: { export: file, checkpoints: file, key: file } });
  } catch {
    throw new StartupError(USAGE);
  }
}

async function readCheckpoints(path: string): Promise<SignedCheckpoint[]> {
  const held: SignedCheckpoint[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!line.includes('"checkpoint"')) continue;
    const record = JSON.parse(line) as { type?: string; checkpoint?: SignedCheckpoint };
    if (record.type === 'checkpoint' && record.checkpoint !== undefined) held.push(record.checkpoint);
  }
  return held;
}
