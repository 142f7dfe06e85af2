// One round of a scenario on one server, and what several rounds come to.
import { prepareLoad } from './load.mjs';
import { cpuMs, postgresCpuMs, residentMb, settle } from './processes.mjs';

export async function measureRound(server, scenario, options) {
  const load = await prepareLoad(server, scenario, options);
  const loadBeside = scenario.beside && (await prepareLoad(server, scenario.beside, options));
  await settle(server.pid);
  const cpuBefore = cpuMs(server.pid);
  const postgresBefore = postgresCpuMs();
  const [outcome, beside] = await Promise.all([load(), loadBeside?.()]);
  // What was sent last is still being worked on: its cost belongs to this round, and not to the other server's next.
  await settle(server.pid);
  const latencies = outcome.latencies.toSorted((a, b) => a - b);
  const postgresAfter = postgresCpuMs();
  // Of two kinds of request at once, nobody can say which cost what.
  const perRequest = (ms) => (beside === undefined && ms !== undefined ? ms / outcome.sent : undefined);
  return {
    requestsPerSecond: latencies.length / outcome.seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    serverCpuMs: perRequest(cpuMs(server.pid) - cpuBefore),
    postgresCpuMs: perRequest(postgresAfter === undefined ? undefined : postgresAfter - postgresBefore),
    rssMb: residentMb(server.pid),
    answersBeside: beside?.answers,
    unexpected: outcome.unexpected + (beside?.unexpected ?? 0),
  };
}

/** The median of each number over the rounds; answers are added up. */
export function summarize(rounds) {
  const numbers = Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]);
  const unexpected = rounds.reduce((sum, round) => sum + round.unexpected, 0);
  return { ...Object.fromEntries(numbers), unexpected, answersBeside: addUp(rounds) };
}

function addUp(rounds) {
  if (rounds[0].answersBeside === undefined) return undefined;
  const sums = {};
  for (const { answersBeside } of rounds) {
    for (const [kind, count] of Object.entries(answersBeside)) sums[kind] = (sums[kind] ?? 0) + count;
  }
  return sums;
}

/**
 * Both servers must be asked and answer the same: one request of the scenario each, whose answers have to have the same
 * status and the same fields.
 *
 * @returns what is wrong, or `undefined`
 */
export async function difference(servers, scenario, options) {
  const answers = [];
  for (const server of servers) {
    const connection = await scenario.prepare(server, { ...options, stop: () => undefined });
    const { request, next } = connection(0);
    const { method, path, headers, body } = request ?? next();
    const answer = await fetch(server.url + path, { method, headers, body });
    const text = await answer.text();
    if (answer.status !== scenario.status) return `${server.name} answers ${answer.status}: ${text.slice(0, 200)}`;
    answers.push(shapeOf(JSON.parse(text)));
  }
  return answers[0] === answers[1] ? undefined : `the answers differ: ${answers.join(' / ')}`;
}

function shapeOf(value) {
  if (Array.isArray(value)) return `[${value.length}*${value.length === 0 ? '' : shapeOf(value[0])}]`;
  if (typeof value !== 'object' || value === null) return '';
  const fields = Object.entries(value).map(([name, field]) => name + shapeOf(field));
  return `{${fields.toSorted().join(' ')}}`;
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function median(values) {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 || sorted.length === 0 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
