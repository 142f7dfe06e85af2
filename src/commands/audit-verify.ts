import { createPublicKey } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  type Evidence,
  ExportVerifier,
  publicKeyText,
  type SignedCheckpoint,
  trustedKeys,
  verificationOf,
} from '#audit';
import type { AppConfig } from '#config';
import { openDriver, PrismaService } from '#platform/database';
import { StartupError } from '#platform/errors';
import { runCommand } from './run-command.js';

// npm run audit:verify -- [--export <file>] [--checkpoints <file>] [--key <file>]
const USAGE = `npm run audit:verify -- [options]

  --export <file>       an unfiltered export, instead of the configured database
  --checkpoints <file>  checkpoints held elsewhere, as an audit sink writes them
  --key <file>          the public key, in PEM, that checkpoints must be signed with`;
const AT_ONCE = 2_000;

interface Result {
  readonly said: string;
  readonly firstInvalidId: string | undefined;
}

await runCommand(async (config) => {
  const { exported, externalCheckpoints, trusted } = await readArguments(config);
  const result =
    exported === undefined
      ? await verifyDatabase(config, { externalCheckpoints, trusted, retentionMs: config.audit.retentionMs })
      : await verifyExport(exported, externalCheckpoints, trusted);
  if (result.firstInvalidId !== undefined) {
    throw new StartupError(`The audit log has been tampered with: the entry ${result.firstInvalidId} does not fit.`);
  }
  return `The audit log is whole: ${result.said}, ${externalCheckpoints.length} checkpoints held elsewhere.`;
});

async function verifyDatabase(config: AppConfig, evidence: Evidence): Promise<Result> {
  const driver = await openDriver(config.database);
  try {
    const prisma = new PrismaService(driver);
    const verification = verificationOf(prisma, evidence);
    let entries = 0;
    for (let page = await verification.page(undefined, AT_ONCE); ; page = await verification.page(page.next, AT_ONCE)) {
      entries += page.entries;
      progress(entries);
      if (!page.valid) return { said: '', firstInvalidId: page.firstInvalidId ?? undefined };
      if (page.next === null) break;
    }
    return { said: `${entries} entries`, firstInvalidId: await verification.brokenCheckpoint() };
  } finally {
    await driver.close();
  }
}

async function verifyExport(
  path: string,
  externalCheckpoints: readonly SignedCheckpoint[],
  trusted: ReadonlySet<string>,
): Promise<Result> {
  const verifier = new ExportVerifier(externalCheckpoints, trusted);
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const invalid = line === '' ? undefined : verifier.read(line);
    if (invalid !== undefined) return { said: '', firstInvalidId: invalid };
    if (verifier.entries % AT_ONCE === 0) progress(verifier.entries);
  }
  const firstInvalidId = verifier.end();
  const { entries, unlinked, newer } = verifier;
  const more = [
    ...(unlinked === 0 ? [] : [`${unlinked} that had no place in it yet`]),
    ...(newer === 0 ? [] : [`${newer} checkpoints that are newer`]),
  ];
  return { said: [`${entries} entries`, ...more].join(', '), firstInvalidId };
}

function progress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} entries verified\r`);
}

async function readArguments(config: AppConfig) {
  const { values } = read();
  const externalCheckpoints = values.checkpoints === undefined ? [] : await readCheckpoints(values.checkpoints);
  const pem = values.key === undefined ? undefined : await readFile(values.key, 'utf8');
  const trusted = pem === undefined ? trustedKeys(config) : new Set([publicKeyText(createPublicKey(pem))]);
  return { exported: values.export, externalCheckpoints, trusted };
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
  const externalCheckpoints: SignedCheckpoint[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!line.includes('"checkpoint"')) continue;
    const record = parse(line);
    if (record?.type === 'checkpoint' && record.checkpoint !== undefined) externalCheckpoints.push(record.checkpoint);
  }
  return externalCheckpoints;
}

/** A line that was cut short, as by a crash, stands for nothing. */
function parse(line: string): { type?: string; checkpoint?: SignedCheckpoint } | undefined {
  try {
    return JSON.parse(line) as { type?: string; checkpoint?: SignedCheckpoint };
  } catch {
    return undefined;
  }
}
