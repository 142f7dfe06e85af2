// npm run bench:scale: how the times of lists and searches grow from 10,000 to a million users, and what keeping totals and
// search texts costs writers. Writes bench/results/scale.md and scale.svg.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';

import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import pg from 'pg';
import { format } from './report.mjs';
import { toScaleChart } from './scale-chart.mjs';
import { scaleRequests } from './scale-requests.mjs';
import { crowdName, seedCrowd } from './scale-seed.mjs';
import { ADMIN, PASSWORD, vacuumAndCheckpoint } from './seed.mjs';
import { Setup, startOurs, withClient } from './servers.mjs';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    embedded: { type: 'string', default: '10000,100000' },
    repeats: { type: 'string', default: '31' },
    'writers-seconds': { type: 'string', default: '5' },
  },
});
const sizes = values.sizes.split(',').filter(Boolean).map(Number);
const embeddedSizes = values.embedded.split(',').filter(Boolean).map(Number);
const repeats = Number(values.repeats);
const root = fileURLToPath(new URL('..', import.meta.url));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort());
const say = (text) => process.stderr.write(`${text}\n`);

const setup = new Setup(interrupted.signal);
const folder = await mkdtemp(join(tmpdir(), 'uma-scale-'));
try {
  await setup.connect();
  const servers = await measureServers();
  const writers = await measureWriters();
  const embedded = await measureEmbedded();
  const table = report(servers, embedded, writers);
  await writeFile(join(root, 'bench/results/scale.md'), table);
  await writeFile(join(root, 'bench/results/scale.svg'), toScaleChart(servers));
  process.stdout.write(table);
} finally {
  await setup.tearDown();
  await rm(folder, { recursive: true, force: true });
}

/** @returns by the number of users, the median times (ms) by the name of the request */
async function measureServers() {
  const url = await setup.createDatabase('scale');
  await migrate({ DATABASE_URL: url });
  const results = new Map();
  let users = 0;
  for (const size of sizes) {
    say(`Adding users up to ${size.toLocaleString('en-US')} on PostgreSQL`);
    await withClient(url, async (client) => {
      await seedCrowd((sql, parameters) => client.query(sql, parameters), users, size);
      await vacuumAndCheckpoint(client);
    });
    users = size;
    const server = await startOurs(setup, url);
    await server.waitUntilReady();
    results.set(size, await measure(server.url, size));
    await server.stop();
  }
  return results;
}

async function measureEmbedded() {
  const results = new Map();
  let users = 0;
  for (const size of embeddedSizes) {
    say(`Adding users up to ${size.toLocaleString('en-US')} on the embedded database`);
    if (users === 0) await migrate({ DATABASE_URL: `pglite:${folder}`, DATA_DIR: folder });
    const client = await PGlite.create({ dataDir: join(folder, 'pglite'), extensions: { pg_trgm } });
    await seedCrowd((sql, parameters) => client.query(sql, parameters), users, size);
    await client.exec('VACUUM ANALYZE');
    await client.close();
    users = size;
    const server = await startOurs(setup, `pglite:${folder}`, { name: 'embedded' });
    await server.waitUntilReady();
    results.set(size, await measure(server.url, size));
    await server.stop();
  }
  return results;
}

async function migrate(database) {
  const env = { ...process.env, ...setup.environment(database.DATABASE_URL), ...database };
  await promisify(execFile)(process.execPath, [join(root, 'dist/commands/uma.js'), 'migrate'], { env });
}

/** Sends each request many times, one after the other. */
async function measure(url, users) {
  const token = await logIn(url);

  const get = async (path) => {
    const answer = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()).data;
  };
  const times = new Map();
  for (const { name, path, check } of await scaleRequests(users, get)) {
    check?.(await get(path));
    const taken = [];
    for (let round = 0; round < repeats; round += 1) {
      interrupted.signal.throwIfAborted();
      const begunAt = performance.now();
      await get(path);
      taken.push(performance.now() - begunAt);
    }
    times.set(name, median(taken));
    say(`${users.toLocaleString('en-US')} users: ${name}: ${format(times.get(name))} ms`);
  }

  return times;
}

async function logIn(url) {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${crowdName(ADMIN)}@example.com`, password: PASSWORD }),
  });
  return (await answer.json()).data.accessToken;
}

/** How many users 16 connections insert per second, by what the table keeps beside the rows. */
async function measureWriters() {
  const without = {
    'with totals and search texts': [],
    'without totals': ['ALTER TABLE users DISABLE TRIGGER USER'],
    'without search texts': ['DROP INDEX users_search_text_idx'],
    'without both': ['ALTER TABLE users DISABLE TRIGGER USER', 'DROP INDEX users_search_text_idx'],
  };
  const rates = new Map(Object.keys(without).map((name) => [name, []]));
  const databases = [];
  for (const [index, statements] of Object.values(without).entries()) {
    const url = await setup.createDatabase(`writers_${index}`);
    await migrate({ DATABASE_URL: url });
    await withClient(url, async (client) => {
      await seedCrowd((sql, parameters) => client.query(sql, parameters), 0, 20_000);
      for (const statement of statements) await client.query(statement);
      await vacuumAndCheckpoint(client);
    });
    databases.push(url);
  }
  for (let round = 0; round < 3; round += 1) {
    for (const [index, name] of Object.keys(without).entries()) {
      rates.get(name).push(await insertsPerSecond(databases[index]));
      say(`${name}: ${format(rates.get(name).at(-1))} inserts/s`);
    }
  }
  return new Map([...rates].map(([name, all]) => [name, median(all)]));
}

async function insertsPerSecond(connectionString) {
  const seconds = Number(values['writers-seconds']);
  let inserted = 0;
  const clients = Array.from({ length: 16 }, () => new pg.Client({ connectionString }).on('error', () => undefined));
  await Promise.all(clients.map((client) => client.connect()));
  const begunAt = performance.now();
  const end = begunAt + seconds * 1_000;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) {
        const name = `w${randomUUID().replaceAll('-', '')}`;
        const email = `${name}@example.com`;
        const text = `${name}\n${email}\nMaria\nGarcia`.toLowerCase();
        await client.query({
          name: 'insert',
          text: `INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, last_name,
            last_name_lower, search_text) VALUES ($1, $2::text, $2::text, $3::text, $3::text, 'none', 'Maria', 'Garcia', 'garcia', $4)`,
          values: [randomUUID(), name, email, text],
        });
        inserted += 1;
      }
    }),
  );
  const rate = (inserted * 1_000) / (performance.now() - begunAt);
  await Promise.all(clients.map((client) => client.end()));
  await sleep(500);
  return rate;
}

function report(servers, embedded, writers) {
  const columns = [
    ...[...servers].map(([size, times]) => ({ title: `${size.toLocaleString('en-US')}`, times })),
    ...[...embedded].map(([size, times]) => ({ title: `embedded ${size.toLocaleString('en-US')}`, times })),
  ];
  const [first, last] = [sizes[0], sizes.at(-1)];
  const names = [...servers.get(first).keys()];
  const rows = names.map((name) => [
    name,
    ...columns.map(({ times }) => format(times.get(name))),
    `${(servers.get(last).get(name) / servers.get(first).get(name)).toFixed(2)}×`,
  ]);
  const memoryGb = (totalmem() / 2 ** 30).toFixed(1);
  const all = writers.get('with totals and search texts');
  return `${[
    '# Lists and searches as users grow',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, PostgreSQL ${setup.postgresVersion}, Redis ${setup.redisVersion}`,
    `- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${memoryGb} GB of memory; shared by the server, the load, PostgreSQL and Redis`,
    `- one request after the other, each ${repeats} times; pages of 20`,
    '- repeat: `npm run bench:scale`',
    '',
    'Milliseconds (median) by the number of users; the last column is the growth on PostgreSQL.',
    '',
    ...markdownTable(['request', ...columns.map(({ title }) => title), 'growth'], rows),
    '',
    'Users inserted per second by 16 connections, one per transaction:',
    '',
    ...markdownTable(
      ['table', 'inserts/s', 'of those without'],
      [...writers].map(([name, rate]) => [name, format(rate), `${((100 * all) / rate).toFixed(0)} %`]),
    ),
  ].join('\n')}\n`;
}

function markdownTable(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)];
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
