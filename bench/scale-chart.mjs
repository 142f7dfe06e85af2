// Draws the median times over the number of users, on logarithmic axes, as an SVG that is readable on light and dark pages.
import { format } from './report.mjs';

const WIDTH = 880;
const HEIGHT = 420;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 320, 72, 48];
const SHOWN = [
  ['list, page 1', '#2f7fd8'],
  ['by cursor, page 5,000 or half-way', '#1b9e77'],
  ['the last page by number', '#8e5cc4'],
  ['search, rare word (1)', '#d9822b'],
  ['search, uncommon word (1,000)', '#c2185b'],
  ['search, common word (40 %)', '#5b8c00'],
  ['search, two rare letters', '#7a6a53'],
];

const STYLE = `
    .page { fill: #ffffff; stroke: #d8dee6; } .strong { fill: #1c2430; } .soft { fill: #5b6675; } .grid { stroke: #e6eaf0; }
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
    .title { font-size: 16px; font-weight: 600; } .small { font-size: 12px; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #11161d; stroke: #2b3440; } .strong { fill: #e8edf4; } .soft { fill: #9aa6b5; } .grid { stroke: #242d38; }
    }`;

/** @param results by the number of users, the times (ms) by the name of the request */
export function toScaleChart(results) {
  const sizes = [...results.keys()];
  const times = SHOWN.flatMap(([name]) => sizes.map((size) => results.get(size).get(name)));
  const [low, high] = [Math.floor(Math.log10(Math.min(...times))), Math.ceil(Math.log10(Math.max(...times)))];
  const [first, last] = [Math.log10(sizes[0]), Math.log10(sizes.at(-1))];
  const x = (size) => LEFT + ((Math.log10(size) - first) / Math.max(last - first, 1)) * (WIDTH - LEFT - RIGHT);
  const y = (ms) => HEIGHT - BOTTOM - ((Math.log10(ms) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  for (let power = low; power <= high; power += 1) {
    const at = y(10 ** power).toFixed(1);
    parts.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      text(LEFT - 8, Number(at) + 4, 'soft small', `${10 ** power} ms`, 'end'),
    );
  }
  for (const size of sizes) {
    parts.push(text(x(size), HEIGHT - BOTTOM + 22, 'soft small', `${size.toLocaleString('en-US')} users`, 'middle'));
  }
  const labels = SHOWN.map(([name, colour]) => ({ name, colour, ms: results.get(sizes.at(-1)).get(name) }))
    .toSorted((a, b) => b.ms - a.ms)
    .map((label) => ({ ...label, at: y(label.ms) }));
  // Labels of lines that end close together are moved apart.
  for (let index = 1; index < labels.length; index += 1) {
    labels[index].at = Math.max(labels[index].at, labels[index - 1].at + 18);
  }
  for (const { name, colour, ms, at } of labels) {
    const points = sizes.map((size) => `${x(size).toFixed(1)},${y(results.get(size).get(name)).toFixed(1)}`).join(' ');
    parts.push(
      `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${WIDTH - RIGHT + 14}" cy="${(at - 1).toFixed(1)}" r="4" fill="${colour}"/>`,
      text(WIDTH - RIGHT + 24, at + 3, 'strong', `${name.replace(' or half-way', '')}: ${format(ms)} ms`),
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="Times of lists and searches by the number of users">
  <style>${STYLE}
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"/>
  ${text(24, 34, 'strong title', 'Lists and searches as users grow (median, both axes logarithmic)')}
  ${parts.join('\n  ')}
</svg>
`;
}

function text(x, y, className, content, anchor = 'start') {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${className}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped}</text>`;
}
