// Measures one round of a scenario on one server, and combines several rounds.
import { prepareLoad } from './load.mjs';
import { cpuMs, postgresCpuMs, residentMb, settle } from './processes.mjs';

export async function measureRound(server, scenario, options) {
  const load = await prepareLoad(server, scenario, options);
  const concurrentLoad = scenario.concurrent && (await prepareLoad(server, scenario.concurrent, options));
  await settle(server.pid);
  const cpuBefore = cpuMs(server.pid);
  const postgresBefore = postgresCpuMs();
  const [outcome, concurrent] = await Promise.all([load(), concurrentLoad?.()]);
  // The server may still be working on the last requests. Their cost belongs to this round, not to the next one.
  await settle(server.pid);
  const latencies = outcome.latencies.toSorted((a, b) => a - b);
  const postgresAfter = postgresCpuMs();
  // When two loads run at once, CPU time cannot be attributed to either.
  const perRequest = (ms) => (concurrent === undefined && ms !== undefined ? ms / outcome.sent : undefined);
  return {
    requestsPerSecond: latencies.length / outcome.seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    serverCpuMs: perRequest(cpuMs(server.pid) - cpuBefore),
    postgresCpuMs: perRequest(postgresAfter === undefined ? undefined : postgresAfter - postgresBefore),
    rssMb: residentMb(server.pid),
    concurrentAnswers: concurrent?.answers,
    unexpected: outcome.unexpected + (concurrent?.unexpected ?? 0),
  };
}

/** Takes the median of each number over the rounds, and adds up the counts of answers. */
export function summarize(rounds) {
  const numbers = Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]);
  const unexpected = rounds.reduce((sum, round) => sum + round.unexpected, 0);
  return { ...Object.fromEntries(numbers), unexpected, concurrentAnswers: addUpAnswers(rounds) };
}

function addUpAnswers(rounds) {
  if (rounds[0].concurrentAnswers === undefined) return undefined;
  const sums = {};
  for (const { concurrentAnswers } of rounds) {
    for (const [kind, count] of Object.entries(concurrentAnswers)) sums[kind] = (sums[kind] ?? 0) + count;
  }
  return sums;
}

/**
 * Sends one request of the scenario to each server and checks that both answer with the expected status and the same
 * fields.
 *
 * @returns a description of the difference, or `undefined` if there is none
 */
export async function findDifference(servers, scenario, options) {
  const answers = [];
  for (const server of servers) {
    const connection = await scenario.prepare(server, { ...options, stop: () => undefined });
    const { request, next } = connection(0);
    const { method, path, headers, body } = request ?? next();
    const answer = await fetch(server.url + path, { method, headers, body });
    const text = await answer.text();
    if (answer.status !== scenario.status) return `${server.name} answered ${answer.status}: ${text.slice(0, 200)}`;
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
