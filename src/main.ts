import type { Server } from 'node:http';
import { constants } from 'node:os';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.js';
import { FirstAdminService } from '#access';
import { explain } from './commands/explain.js';
import { readConfig } from './commands/read-config.js';
import type { AppConfig } from '#config';
import { loadExtensions } from './load-extensions.js';
import { StartupError } from '#platform/errors';
import { standardOutput } from '#platform/observability';

/** The orchestrator's patience is ten seconds; requests get most of them. */
const DRAIN_MS = 8_000;
/** How often connections are closed that have become idle since the drain began. */
const IDLE_SWEEP_MS = 100;
const HARD_STOP_MS = 9_000;

let running: NestFastifyApplication | undefined;
let stopping = false;

/** Why a port cannot be listened on, by the code of Node's error. */
const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process uses it',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'HOST is no address of this machine',
  ENOTFOUND: 'HOST is no address of this machine',
  EINVAL: 'HOST is no address of this machine',
};

async function main(): Promise<void> {
  // From the first moment: as the first process of a container, it would get no signal that it has not asked for.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const config = readConfig();
  const { extensions, leftOut } = await loadExtensions(config.extensions);
  const app = await createApp(config, extensions);
  if (extensions.length > 0) new Logger('Extensions').log(`With ${extensions.map(({ name }) => name).join(', ')}`);
  if (leftOut.length > 0) new Logger('Extensions').log(`Left out: ${leftOut.join(', ')}`);
  // Before anything else can fail: the account stands in the database, and this is the only time its password is said.
  const admin = app.get(FirstAdminService).generated;
  if (admin !== undefined) {
    say('The first admin, shown this once:', `  email     ${admin.email}`, `  password  ${admin.password}`);
  }
  running = app;
  await listen(app, config);
  if (!config.production) sayWhere(config);
}

/** @throws StartupError when the address cannot be listened on */
async function listen(app: NestFastifyApplication, { port, host }: AppConfig): Promise<void> {
  try {
    await app.listen(port, host);
    new Logger('Server').log(`Listening on ${await app.getUrl()}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    throw new StartupError(`PORT ${port} on HOST ${host} cannot be listened on: ${LISTEN_FAULTS[code] ?? code}.`);
  }
}

/**
 * Answers what has come in, closes the stores and ends the process, within the orchestrator's patience. Further signals
 * change nothing: at Ctrl-C, one comes from the terminal and one from npm.
 */
function stop(signal: NodeJS.Signals): void {
  if (stopping) return;
  stopping = true;
  const app = running;
  // Nothing is answered before the start is over.
  if (app === undefined) return process.exit(128 + constants.signals[signal]);
  const server: Server = app.getHttpServer();
  setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS).unref();
  // Requests and downloads still open by then have had their chance.
  setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  setTimeout(() => process.exit(1), HARD_STOP_MS).unref();
  app
    .close()
    .then(() => standardOutput.drained())
    .then(() => process.exit(0), fail);
}

function sayWhere({ port, docs, basePath }: AppConfig): void {
  const url = `http://localhost:${port}`;
  say(`API       ${url}${basePath}`, ...(docs ? [`Explorer  ${url}/docs`] : []));
}

/** Prints lines for the person at the terminal. They are not part of the log. */
function say(...lines: string[]): void {
  standardOutput.write(`\n${lines.map((line) => `  ${line}`).join('\n')}\n\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

main().catch(fail);
