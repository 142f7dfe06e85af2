// npm run bench compares the built application with a hand-written server on bare Fastify. Both run the whole time and
// are measured in turn.
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { toChart } from './chart.mjs';
import { findDifference, measureRound, summarize } from './measure.mjs';
import { format, isFaulty, isTooSlow, toMarkdown } from './report.mjs';
import { CONNECTIONS, mintTokens, SCENARIOS } from './scenarios.mjs';
import { Setup, startBare, startOurs } from './servers.mjs';

const WARM_UP_MAX_SECONDS = 2;
/** The connections and the uncached reads need at least this many users. */
const MIN_USERS = 1_000;
const results = new URL('results/', import.meta.url);
const names = SCENARIOS.map(({ name }) => name);

const USAGE = `Usage: npm run bench -- [options]

  --rounds <n>    rounds to measure per scenario and server, 1 to 20 (default 3)
  --seconds <n>   length of a round in seconds, 1 to 60 (default 5)
  --users <n>     number of users to seed, ${MIN_USERS} to 1000000 (default 20000)
  --only <name>   run only this scenario; may be repeated; prints the results and writes no files
                  Scenarios: ${names.join(', ')}
`;

function isIntegerBetween(value, min, max) {
  return Number.isInteger(value) && value >= min && value <= max;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      users: { type: 'string', default: '20000' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const options = { rounds: Number(values.rounds), seconds: Number(values.seconds), users: Number(values.users) };
  if (!isIntegerBetween(options.rounds, 1, 20)) throw new Error('--rounds must be a whole number from 1 to 20');
  if (!isIntegerBetween(options.seconds, 1, 60)) throw new Error('--seconds must be a whole number from 1 to 60');
  if (!isIntegerBetween(options.users, MIN_USERS, 1_000_000)) {
    throw new Error(`--users must be a whole number from ${MIN_USERS} to 1000000`);
  }
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`Unknown scenario "${unknown}"`);
  return { ...options, only: values.only };
}

/** Rewrites a single line on a terminal; otherwise prints one line per step. */
function progress(line) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
}

function endProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

async function runScenario(scenario, servers, options) {
  const fault = await findDifference(servers, scenario, options);
  const warmUp = { ...options, seconds: Math.min(options.seconds, WARM_UP_MAX_SECONDS) };
  for (const server of servers) {
    progress(`${scenario.name}: warming up ${server.name}`);
    await measureRound(server, scenario, warmUp);
  }
  const rounds = { ours: [], bare: [] };
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const server of servers) {
      const measured = await measureRound(server, scenario, options);
      rounds[server.name].push(measured);
      const { requestsPerSecond, p99Ms } = measured;
      const numbers = `${format(requestsPerSecond)} requests/s, p99 ${format(p99Ms)} ms`;
      progress(`${scenario.name}: ${server.name}, round ${round} of ${options.rounds}: ${numbers}`);
    }
  }
  const { title, maxP99Ratio } = scenario;
  return { title, maxP99Ratio, fault, ours: summarize(rounds.ours), bare: summarize(rounds.bare) };
}

async function run(options, setup) {
  await setup.connect();
  progress(`Seeding ${options.users} users for each server`);
  const databases = await setup.prepare(options.users);
  const servers = [await startOurs(setup, databases.ours), await startBare(setup, databases.bare)];
  for (const server of servers) {
    await server.waitUntilReady();
    await mintTokens(server);
  }
  const measured = [];
  for (const scenario of SCENARIOS) {
    if (options.only.length > 0 && !options.only.includes(scenario.name)) continue;
    measured.push(await runScenario(scenario, servers, options));
  }
  endProgress();
  const markdown = toMarkdown(measured, { ...options, connections: CONNECTIONS, setup });
  process.stdout.write(markdown);
  if (options.only.length === 0) {
    mkdirSync(results, { recursive: true });
    writeFileSync(new URL('latest.md', results), markdown);
    writeFileSync(new URL('latest.svg', results), toChart(measured));
  }
  return measured.some((result) => isFaulty(result) || isTooSlow(result)) ? 1 : 0;
}

/** Rejects on a signal or an uncaught exception, so that servers and databases are removed before the process exits. */
function interruption(abort) {
  return new Promise((_, reject) => {
    const end = (reason) => {
      abort.abort(reason);
      reject(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => end(new Error(`Stopped by ${signal}`)));
    process.on('uncaughtException', end);
    process.stderr.on('error', () => undefined); // The reader of the progress output has gone.
  });
}

async function main() {
  let options;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const abort = new AbortController();
  const setup = new Setup(abort.signal);
  try {
    return await Promise.race([run(options, setup), interruption(abort)]);
  } catch (error) {
    endProgress();
    process.stderr.write(`${error.stack}\n`);
    for (const { name, stderr } of setup.servers) if (stderr !== '') process.stderr.write(`${name}: ${stderr}\n`);
    return 1;
  } finally {
    abort.abort();
    await setup.tearDown();
  }
}

process.exit(await main());
