// npm run bench -- audit measures three things: how much auditing slows down an update, how long a query of the audit log
// takes with 10,000 and with ten million entries, and how much memory an export of a million entries needs.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureRound } from './measure.mjs';
import { mintTokens, SCENARIOS } from './scenarios.mjs';
import { Setup, startOurs, withClient } from './servers.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    entries: { type: 'string', default: '10000000' },
    exported: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '200' },
  },
});
const [rounds, seconds, largeCount, exported, requests] = ['rounds', 'seconds', 'entries', 'exported', 'requests'].map(
  (name) => Number(values[name]),
);
const SMALL_COUNT = 10_000;
const USERS = 2_000;
const MONTHS = 12;
/** Updates per second with auditing, as a share of those without. */
const MIN_UPDATE_RATIO = 0.8;
/** Query time with the large log, divided by that with the small log. */
const MAX_QUERY_RATIO = 1.5;
const MAX_GROWTH_MB = 100;

const withoutRecorder = fileURLToPath(new URL('without-recorder.mjs', import.meta.url));
const update = SCENARIOS.find(({ name }) => name === 'update');

const print = (line) => process.stdout.write(`${line}\n`);
const progress = (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Both servers run all the time, but only one at a time is under load. */
async function compareUpdates(setup) {
  const databaseUrl = await setup.createDatabase('unaudited', 'ours');
  const servers = [
    await startOurs(setup, setup.ours, { name: 'audited' }),
    await startOurs(setup, databaseUrl, { name: 'unaudited', script: withoutRecorder }),
  ];
  for (const server of servers) {
    await server.waitUntilReady();
    await mintTokens(server);
  }
  const rates = { audited: [], unaudited: [] };
  for (let round = 0; round <= rounds; round += 1) {
    // The order alternates, because the first server's load may still affect the second measurement.
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const { requestsPerSecond, unexpected } = await measureRound(server, update, { users: USERS, seconds });
      if (unexpected > 0) throw new Error(`${server.name} gave ${unexpected} unexpected answers`);
      // Round 0 is the warm-up.
      if (round > 0) rates[server.name].push(requestsPerSecond);
      progress(`updates, round ${round} of ${rounds}: ${server.name} ${requestsPerSecond.toFixed(0)}/s`);
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
  return { audited: median(rates.audited), unaudited: median(rates.unaudited) };
}

/** Adds `count` realistic entries, spread over the last twelve months, in one partition per month. */
async function seedEntries(client, count) {
  const perMonth = Math.ceil(count / MONTHS);
  for (let monthsAgo = MONTHS; monthsAgo >= 1; monthsAgo -= 1) {
    const { rows } = await client.query(
      `SELECT to_char(m, '_YYYY_MM') AS suffix, m::text AS month, audit.first_id(m::date)::text AS first,
         audit.first_id((m + interval '1 month')::date)::text AS next
       FROM (SELECT date_trunc('month', now()) - make_interval(months => $1) AS m) months`,
      [monthsAgo],
    );
    const { suffix, month, first, next } = rows[0];
    progress(`Seeding ${count} entries: ${month.slice(0, 7)}`);
    await client.query(`DROP TABLE IF EXISTS audit.entries${suffix}`);
    await client.query(
      `CREATE TABLE audit.entries${suffix} (LIKE audit.entries INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
    );
    await client.query(
      `INSERT INTO audit.entries${suffix}
       SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
           || '8' || lpad(to_hex(n), 15, '0'))::uuid, t,
         (ARRAY['user.updated', 'session.started', 'session.ended', 'login.failed', 'audit.read'])[1 + n % 5],
         CASE WHEN n % 5 = 3 THEN 'failure' WHEN n % 1000 = 7 THEN 'denied' ELSE 'success' END,
         ('01890000-0000-7000-8000-' || lpad(to_hex(1 + n % ${USERS}), 12, '0'))::uuid, 'user', gen_random_uuid(),
         'user', '01890000-0000-7000-8000-' || lpad(to_hex(1 + (n * 7) % ${USERS}), 12, '0'), '203.0.113.7',
         'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', gen_random_uuid()::text,
         '{"bio": {"before": "Writes about engines.", "after": "Writes about looms."}}', NULL, 1
       FROM generate_series(1, ${perMonth}) n,
         LATERAL (SELECT date_trunc('milliseconds', $1::timestamptz + n * (interval '27 days' / ${perMonth})) AS t) times`,
      [month],
    );
    for (const column of ['actor_id', 'target_id', 'action', 'outcome', 'request_id']) {
      await client.query(`CREATE INDEX ON audit.entries${suffix} (${column}, id)`);
    }
    await client.query(`ALTER TABLE audit.entries${suffix} ADD PRIMARY KEY (id)`);
    await client.query(
      `ALTER TABLE audit.entries ATTACH PARTITION audit.entries${suffix} FOR VALUES FROM ('${first}') TO ('${next}')`,
    );
    // The export needs a link for each entry but does not read its hash, so fake hashes are enough.
    if ((monthsAgo - 1) * perMonth >= exported) continue;
    await client.query(`DROP TABLE IF EXISTS audit.links${suffix}`);
    await client.query(
      `CREATE TABLE audit.links${suffix} PARTITION OF audit.links FOR VALUES FROM ('${first}') TO ('${next}')`,
    );
    await client.query(
      `INSERT INTO audit.links${suffix}
       SELECT $1::date, row_number() OVER (ORDER BY id), id, decode(md5(id::text) || md5(id::text), 'hex')
       FROM audit.entries${suffix}`,
      [month],
    );
    await client.query(`CREATE UNIQUE INDEX ON audit.links${suffix} (month, sequence)`);
  }
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT').catch(() => undefined);
}

async function queryLog(server, query) {
  const began = performance.now();
  const answer = await fetch(`${server.url}/api/v1/audit-logs?${query}`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  const { data } = await answer.json();
  if (answer.status !== 200) throw new Error(`${server.name} answered ${answer.status} to ${query}`);
  return { ms: performance.now() - began, ...data };
}

/** Reads half of the log, but at most 200 pages of 100 entries. Returns the next page's query and an entry. */
async function deepPage(server, entries) {
  let query = 'limit=100';
  let page;
  for (let number = 0; number < Math.min(200, entries / 200); number += 1) {
    page = await queryLog(server, query);
    query = `limit=100&cursor=${encodeURIComponent(page.pagination.nextCursor)}`;
  }
  return { query, entry: page.auditLogs[7] };
}

async function compareQueries(setup) {
  const servers = [];
  for (const [name, count] of [
    ['small', SMALL_COUNT],
    ['large', largeCount],
  ]) {
    const databaseUrl = await setup.createDatabase(name, 'ours');
    await withClient(databaseUrl, (client) => seedEntries(client, count));
    const server = await startOurs(setup, databaseUrl, { name });
    await server.waitUntilReady();
    await mintTokens(server);
    const { query: deep, entry } = await deepPage(server, count);
    const day = new Date(Date.parse(entry.time) + 86_400_000).toISOString();
    server.queries = {
      'page 1': 'limit=20',
      'deep page': deep,
      actorId: `actorId=${entry.actor.id}`,
      targetId: `targetId=${entry.target.id}`,
      action: 'action=session.ended',
      'rare action': 'action=user.created',
      outcome: 'outcome=denied',
      'from, to': `from=${entry.time}&to=${day}`,
      requestId: `requestId=${entry.requestId}`,
    };
    servers.push(server);
  }
  const lines = [];
  for (const name of Object.keys(servers[0].queries)) {
    const times = { small: [], large: [] };
    // Requests with a negative number are the warm-up.
    for (let request = -20; request < requests; request += 1) {
      for (const server of servers) {
        const { ms } = await queryLog(server, server.queries[name]);
        if (request >= 0) times[server.name].push(ms);
      }
    }
    const [small, large] = [median(times.small), median(times.large)];
    lines.push({ name, small, large, ratio: large / small });
    progress(`${name}: ${small.toFixed(2)} ms, ${large.toFixed(2)} ms`);
  }
  return { lines, server: servers[1] };
}

async function measureExport(server) {
  const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1_024;
  const before = residentMb();
  let [peak, lines] = [before, 0];
  const sampling = setInterval(() => (peak = Math.max(peak, residentMb())), 20);
  const began = performance.now();
  const abort = new AbortController();
  const answer = await fetch(`${server.url}/api/v1/audit-logs/export`, {
    headers: { authorization: `Bearer ${server.adminToken}`, 'accept-encoding': 'identity' },
    signal: abort.signal,
  });
  for await (const chunk of answer.body) {
    for (const byte of chunk) if (byte === 10) lines += 1;
    if (lines >= exported) break;
  }
  abort.abort();
  clearInterval(sampling);
  return { lines, before, growth: peak - before, seconds: (performance.now() - began) / 1_000 };
}

async function run(setup) {
  await setup.connect();
  ({ ours: setup.ours } = await setup.prepare(USERS));
  const updates = await compareUpdates(setup);
  const { lines, server } = await compareQueries(setup);
  const memory = await measureExport(server);
  const updateRatio = updates.audited / updates.unaudited;
  progress('');
  print(`## Profile updates, 16 connections, median of ${rounds} rounds of ${seconds} s\n`);
  print(
    `With auditing ${updates.audited.toFixed(0)}/s, without ${updates.unaudited.toFixed(0)}/s: ${(updateRatio * 100).toFixed(1)} %.\n`,
  );
  print(`## Queries, median of ${requests} requests each\n`);
  print(`| query | ${SMALL_COUNT} entries | ${largeCount} entries | ratio |\n| --- | --- | --- | --- |`);
  for (const { name, small, large, ratio } of lines) {
    print(`| ${name} | ${small.toFixed(2)} ms | ${large.toFixed(2)} ms | ${ratio.toFixed(2)} |`);
  }
  print(`\n## Export of ${memory.lines} entries\n`);
  print(
    `The export took ${memory.seconds.toFixed(1)} s. Memory grew from ${memory.before.toFixed(0)} MB by up to ${memory.growth.toFixed(0)} MB.`,
  );
  const passed =
    updateRatio >= MIN_UPDATE_RATIO &&
    lines.every(({ ratio }) => ratio <= MAX_QUERY_RATIO) &&
    memory.growth < MAX_GROWTH_MB;
  if (!passed)
    print(
      `\nFailed. Required: updates at ${MIN_UPDATE_RATIO * 100} % or more, query ratios of ${MAX_QUERY_RATIO} or less, and memory growth under ${MAX_GROWTH_MB} MB.`,
    );
  return passed ? 0 : 1;
}

const abort = new AbortController();
const setup = new Setup(abort.signal);
let code = 1;
try {
  code = await run(setup);
} catch (error) {
  process.stderr.write(`${error.stack}\n`);
  for (const { name, stderr } of setup.servers) if (stderr !== '') process.stderr.write(`${name}: ${stderr}\n`);
} finally {
  abort.abort();
  await setup.tearDown();
}
process.exit(code);
