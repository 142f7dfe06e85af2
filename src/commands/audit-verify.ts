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
import { PrismaService } from '#platform/database';
import { openDriver } from '#platform/postgres';
import { StartupError } from '#platform/errors';
import { readConfig } from './read-config.js';

const AT_ONCE = 2_000;

interface Result {
  readonly counts: string;
  readonly firstInvalidId: string | undefined;
}

export async function run(args: string[]): Promise<string> {
  const file = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { export: file, checkpoints: file, key: file } });
  const config = readConfig();
  const externalCheckpoints = values.checkpoints === undefined ? [] : await readCheckpoints(values.checkpoints);
  const pem = values.key === undefined ? undefined : await readFile(values.key, 'utf8');
  const trusted = pem === undefined ? trustedKeys(config) : new Set([publicKeyText(createPublicKey(pem))]);
  const { counts, firstInvalidId } =
    values.export === undefined
      ? await verifyDatabase(config, { externalCheckpoints, trusted })
      : await verifyExport(values.export, externalCheckpoints, trusted);
  if (firstInvalidId !== undefined) {
    throw new StartupError(`The audit log has been tampered with: entry ${firstInvalidId} does not match its chain.`);
  }
  return `The audit log is intact: ${counts}, ${externalCheckpoints.length} external checkpoints.`;
}

async function verifyDatabase(config: AppConfig, evidence: Evidence): Promise<Result> {
  const driver = await openDriver(config.database);
  try {
    const prisma = new PrismaService(driver);
    const verification = verificationOf(prisma, evidence);
    let entries = 0;
    for (let page = await verification.page(undefined, AT_ONCE); ; page = await verification.page(page.next, AT_ONCE)) {
      entries += page.entries;
      progress(entries);
      if (!page.valid) return { counts: '', firstInvalidId: page.firstInvalidId ?? undefined };
      if (page.next === null) break;
    }
    const firstInvalidId = await verification.brokenCheckpoint();
    const { unlinked, oldestUnlinked, invalidId } = await verification.backlog();
    if (firstInvalidId === undefined && invalidId !== undefined) {
      throw new StartupError(
        `The audit log cannot be verified as a whole: ${unlinked} entries are in no chain, the first one ${invalidId}, ` +
          `since ${oldestUnlinked?.toISOString()}. A running instance links them.`,
      );
    }
    return { counts: [`${entries} entries`, ...waiting(unlinked)].join(', '), firstInvalidId };
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
    if (invalid !== undefined) return { counts: '', firstInvalidId: invalid };
    if (verifier.entries % AT_ONCE === 0) progress(verifier.entries);
  }
  const firstInvalidId = verifier.end();
  const { entries, unlinked, newer } = verifier;
  const more = [...waiting(unlinked), ...(newer === 0 ? [] : [`${newer} newer checkpoints`])];
  return { counts: [`${entries} entries`, ...more].join(', '), firstInvalidId };
}

function waiting(unlinked: number): string[] {
  return unlinked === 0 ? [] : [`${unlinked} not yet linked`];
}

function progress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} entries verified\r`);
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

/** Skips a line that a crash cut short. */
function parse(line: string): { type?: string; checkpoint?: SignedCheckpoint } | undefined {
  try {
    return JSON.parse(line) as { type?: string; checkpoint?: SignedCheckpoint };
  } catch {
    return undefined;
  }
}
