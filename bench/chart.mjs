// Draws the ratios as an SVG with two panels of horizontal bars, readable on light and dark pages.
import { format, isFaulty, ratio } from './report.mjs';

const WIDTH = 880;
const LABEL_WIDTH = 190;
const PANEL_GAP = 44;
const PANEL_WIDTH = 297;
const VALUE_WIDTH = 46;
const TOP = 92;
const ROW = 30;
const BAR = 16;
const BOTTOM = 64;

const STYLE = `
    .page { fill: #ffffff; stroke: #d8dee6; }
    .strong { fill: #1c2430; } .soft { fill: #5b6675; }
    .grid { stroke: #e6eaf0; } .one { stroke: #1c2430; stroke-dasharray: 3 3; }
    .rate { fill: #2f7fd8; } .cpu { fill: #d9822b; }
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
    .title { font-size: 16px; font-weight: 600; } .head { font-weight: 600; } .small { font-size: 12px; }
    .number { font-variant-numeric: tabular-nums; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #11161d; stroke: #2b3440; }
      .strong { fill: #e8edf4; } .soft { fill: #9aa6b5; }
      .grid { stroke: #242d38; } .one { stroke: #e8edf4; }
      .rate { fill: #58a0ee; } .cpu { fill: #e79d52; }
    }`;

const PANELS = [
  { key: 'requestsPerSecond', bar: 'rate', title: 'Requests per second', hint: 'longer is better' },
  { key: 'serverCpuMs', bar: 'cpu', title: 'Server CPU per request', hint: 'shorter is better' },
];

export function toChart(results) {
  const charted = results.filter((result) => ratio(result, 'serverCpuMs') !== undefined && !isFaulty(result));
  const paced = results.filter(({ ours }) => ours.concurrentAnswers !== undefined);
  const height = TOP + charted.length * ROW + BOTTOM + paced.length * 18;
  const rowY = (index) => TOP + index * ROW;
  const labels = charted.map(({ title }, index) => text(LABEL_WIDTH + 8, rowY(index) + 20, 'strong', title, 'end'));
  const notes = paced.map(({ title, ours, bare }, index) =>
    text(
      24,
      height - 18 * (paced.length - index),
      'soft small',
      `${capitalize(title)}: p99 ${format(ours.p99Ms)} ms, bare Fastify ${format(bare.p99Ms)} ms.`,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Throughput and CPU time relative to a bare Fastify server">
  <style>${STYLE}
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>
  ${text(24, 34, 'strong title', 'Relative to a hand-written server on bare Fastify (dashed line, 1×)')}
  ${labels.join('\n  ')}
  ${PANELS.map((panel, index) => drawPanel(panel, charted, LABEL_WIDTH + 24 + index * (PANEL_WIDTH + PANEL_GAP))).join('\n  ')}
  ${notes.join('\n  ')}
</svg>
`;
}

function drawPanel({ key, bar, title, hint }, results, left) {
  const ratios = results.map((result) => ratio(result, key));
  const { max, step } = scaleFor(Math.max(1, ...ratios));
  const x = (value) => left + (value / max) * (PANEL_WIDTH - VALUE_WIDTH);
  const end = TOP + results.length * ROW;
  const parts = [text(left, 66, 'strong head', title), text(left + PANEL_WIDTH, 66, 'soft small', hint, 'end')];
  for (let tick = 0; tick <= max + step / 2; tick += step) {
    parts.push(
      line('grid', x(tick), TOP - 8, end + 4),
      text(x(tick), end + 20, 'soft small number', `${Number(tick.toFixed(2))}×`, 'middle'),
    );
  }
  for (const [index, value] of ratios.entries()) {
    const y = TOP + index * ROW;
    const width = Math.max(1, x(value) - left).toFixed(1);
    parts.push(`<rect class="${bar}" x="${left}" y="${y + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="2"/>`);
    // Keeps the label from overlapping the dashed line at 1×.
    const labelX = Math.max(x(value), Math.abs(x(value) - x(1)) < VALUE_WIDTH && value <= 1 ? x(1) : 0) + 6;
    parts.push(text(labelX, y + 20, 'strong number', `${value.toFixed(2)}×`));
  }
  parts.push(line('one', x(1), TOP - 8, end + 4));
  return parts.join('\n  ');
}

/** Picks a round step, so that the axis has no more than about six ticks, and the end of the axis. */
function scaleFor(largest) {
  const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100].find((candidate) => largest / candidate <= 5) ?? largest / 5;
  return { max: Math.ceil(largest / step - 0.05) * step, step };
}

function text(x, y, className, content, anchor = 'start') {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${className}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped}</text>`;
}

function line(className, x, from, to) {
  return `<line class="${className}" x1="${round(x)}" x2="${round(x)}" y1="${from}" y2="${to}"/>`;
}

function round(value) {
  return Number(value.toFixed(1));
}

function capitalize(title) {
  return title[0].toUpperCase() + title.slice(1);
}
