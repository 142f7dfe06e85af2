// npm run bench: the built application against a hand-written server on bare Fastify, in the same run, in turns.
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { toChart } from './chart.mjs';
import { difference, measureRound, summarize } from './measure.mjs';
import { format, isFaulty, isTooSlow, toMarkdown } from './report.mjs';
import { CONNECTIONS, mintTokens, SCENARIOS } from './scenarios.mjs';
import { Setup, startBare, startOurs } from './servers.mjs';

const WARM_UP_MAX_SECONDS = 2;
/** Fewer would not be enough for the connections, nor for uncached reads. */
const MIN_USERS = 1_000;
const results = new URL('results/', import.meta.url);
const names = SCENARIOS.map(({ name }) => name);

const USAGE = `Usage: npm run bench -- [options]

  --rounds <n>    measured rounds per scenario and server (3)
  --seconds <n>   length of a round (5)
  --users <n>     seeded users (20000)
  --only <name>   this scenario alone, may be repeated; prints and writes no files
                  ${names.join(', ')}
`;

function within(value, min, max) {
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
  if (!within(options.rounds, 1, 20) || !within(options.seconds, 1, 60)) throw new Error('1 to 20 rounds of 1 to 60 s');
  if (!within(options.users, MIN_USERS, 1_000_000)) throw new Error(`${MIN_USERS} to 1000000 users`);
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`No scenario is called "${unknown}"`);
  return { ...options, only: values.only };
}

/** One line that is rewritten on a terminal, and a line for each step elsewhere. */
function progress(line) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
}

function endProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

async function runScenario(scenario, servers, options) {
  const fault = await difference(servers, scenario, options);
  const warmUp = { ...options, seconds: Math.min(options.seconds, WARM_UP_MAX_SECONDS) };
  for (const server of servers) {
    progress(`${scenario.name}: ${server.name} warms up`);
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
  progress(`Seeding ${options.users} users, twice`);
  const databases = await setup.prepare(options.users);
  const servers = [await startOurs(setup, databases.ours), await startBare(setup, databases.bare)];
  for (const server of servers) {
    await server.untilItAnswers();
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

/** Aborts and rejects at a signal or a bug, so that what was made is taken down before the process ends. */
function interruption(abort) {
  return new Promise((_, reject) => {
    const end = (reason) => {
      abort.abort(reason);
      reject(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => end(new Error(`Ended by ${signal}`)));
    process.on('uncaughtException', end);
    process.stderr.on('error', () => undefined); // Nobody reads the progress any longer.
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
    await setup.takeDown();
  }
}

process.exit(await main());
