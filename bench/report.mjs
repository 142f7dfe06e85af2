// Writes the results as a Markdown table with `ours / bare = ratio` in each cell.
import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';

const COLUMNS = [
  { title: 'requests/s', key: 'requestsPerSecond' },
  { title: 'p50 ms', key: 'p50Ms' },
  { title: 'p99 ms', key: 'p99Ms' },
  { title: 'server CPU ms/request', key: 'serverCpuMs' },
  { title: 'PostgreSQL CPU ms/request', key: 'postgresCpuMs' },
  { title: 'server RSS MB', key: 'rssMb' },
];

export function ratio(result, key) {
  const { [key]: ours } = result.ours;
  const { [key]: bare } = result.bare;
  return ours === undefined || bare === undefined || bare === 0 ? undefined : ours / bare;
}

/** Formats a number with about three significant digits. */
export function format(value) {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

/** @param results one per scenario: its title, the summaries `ours` and `bare`, and `fault` if the answers differed */
export function toMarkdown(results, { users, rounds, seconds, connections, setup }) {
  const memoryGb = (totalmem() / 2 ** 30).toFixed(1);
  const lines = [
    '# Benchmark results',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, PostgreSQL ${setup.postgresVersion}, Redis ${setup.redisVersion}`,
    `- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${memoryGb} GB of memory; shared by the servers, the load, PostgreSQL and Redis`,
    `- ${users.toLocaleString('en-US')} users, ${connections} connections, ${rounds} × ${seconds} s for each scenario and server, alternating`,
    '',
    'Each cell is the median of the rounds, as ours / bare = ratio.',
    '',
    ...table(results),
    ...notes(results),
  ];
  return `${lines.join('\n')}\n`;
}

function table(results) {
  const rows = results.map((result) => [
    result.title + (isFaulty(result) ? ' ⚠' : ''),
    ...COLUMNS.map(({ key }) => cell(result, key)),
  ]);
  const head = ['scenario', ...COLUMNS.map(({ title }) => title)];
  // Padded, so that the table is also readable as plain text.
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)];
}

function cell(result, key) {
  const { [key]: ours } = result.ours;
  const { [key]: bare } = result.bare;
  if (ours === undefined && bare === undefined) return '–';
  return `${format(ours)} / ${format(bare)} = ${ratio(result, key)?.toFixed(2) ?? '–'}`;
}

function notes(results) {
  const lines = [];
  for (const result of results) {
    const { ours, bare, title, fault } = result;
    if (ours.concurrentAnswers !== undefined) {
      lines.push(
        `- ${title}: answers to the logins: ${counts(ours.concurrentAnswers)} / ${counts(bare.concurrentAnswers)}.`,
      );
    }
    if (isTooSlow(result)) {
      const times = ratio(result, 'p99Ms').toFixed(2);
      lines.push(
        `- ✗ ${title}: p99 is ${times} times that of the bare server; the limit is ${result.maxP99Ratio} times.`,
      );
    }
    if (!isFaulty(result)) continue;
    const without = `${ours.unexpected} / ${bare.unexpected} requests did not get the expected status`;
    lines.push(`- ⚠ ${title}: ${[without, fault].filter(Boolean).join('; ')}. Its numbers are not valid.`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Formats counts by status, for example `1,046 × 200, 154 × 503`. */
function counts(answers) {
  return Object.entries(answers)
    .map(([kind, count]) => `${count.toLocaleString('en-US')} × ${kind}`)
    .join(', ');
}

/** Whether our p99 exceeds the limit that the scenario sets. */
export function isTooSlow(result) {
  return result.maxP99Ratio !== undefined && ratio(result, 'p99Ms') > result.maxP99Ratio;
}

/** Whether the numbers are invalid: the servers' answers differed, or some had an unexpected status. */
export function isFaulty({ ours, bare, fault }) {
  return fault !== undefined || ours.unexpected + bare.unexpected > 0;
}
