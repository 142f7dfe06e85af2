// Draws the modules of src/ from their imports into docs/architecture.md: node scripts/draw-modules.mjs [--check]
// With --check it writes nothing, and fails where the page shows something else.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const PAGE = 'docs/architecture.md';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What is drawn around the features, from the start of the process down. */
const LAYERS = ['main.ts', 'commands', 'load-extensions.ts', 'app.ts', 'app.module.ts', 'core'];
/** What has a box below the features. */
const FOUNDATIONS = ['passwords', 'platform', 'config'];
/** Entries of the library and of tests, which would only repeat arrows. */
const LEFT_OUT = ['index.ts', 'user-management.module.ts', 'testing', 'extensions'];
/** The rooms of the platform by what they are about; a new one must be added here. */
const ROOMS = {
  HTTP: ['server', 'request', 'input', 'response', 'openapi', 'paging', 'idempotency', 'limits', 'access'],
  'stores and events': ['database', 'postgres', 'cache', 'redis', 'events'],
  'the rest': ['background', 'errors', 'extensions', 'mail', 'observability'],
};

const imports = readImports();
const features = topLevel(imports).filter((name) => ![...LAYERS, ...FOUNDATIONS, ...LEFT_OUT].includes(name));
checkRooms();

const path = `${ROOT}${PAGE}`;
const page = readFileSync(path, 'utf8');
const drawn = await format(replaceMarked(replaceMarked(page, 'picture', picture()), 'rooms', roomsTable()), {
  ...(await resolveConfig(path)),
  parser: 'markdown',
});
if (!process.argv.includes('--check')) writeFileSync(path, drawn);
else if (drawn !== page) fail(`${PAGE} shows other imports than src/ has: run "node scripts/draw-modules.mjs"`);

/** The imports between modules, as `auth` → `users`, `platform/cache`, …; the platform's rooms are told apart. */
function readImports() {
  const args = ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const output = execFileSync(
    process.execPath,
    ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', ...args],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 100_000_000 },
  );
  const found = new Map();
  for (const { source, dependencies } of JSON.parse(output).modules) {
    const from = moduleOf(source);
    if (from === undefined) continue;
    const targets = found.get(from) ?? new Set();
    for (const { resolved } of dependencies) {
      const to = moduleOf(resolved);
      if (to !== undefined && to !== from) targets.add(to);
    }
    found.set(from, targets);
  }
  return found;
}

/** The room of the platform, the folder of src/, or the file in it that a file belongs to. */
function moduleOf(file) {
  return /^src\/(platform\/[^/]+(?=\/)|[^/]+)/.exec(file)?.[1];
}

function topLevel(found) {
  return [...new Set([...found.keys()].map((name) => name.split('/')[0]))].toSorted(byName);
}

/** Every import between features; between other boxes, only the arrows that no longer path replaces. */
function picture() {
  const nodes = [...LAYERS, 'features', ...FOUNDATIONS];
  const arrows = new Map(nodes.map((node) => [node, boxesBelow(node, nodes)]));
  const lines = ['flowchart TD'];
  for (const node of LAYERS) lines.push(`  ${idOf(node)}["${node}"]`);
  lines.push('  subgraph features["features"]', '    direction TB');
  for (const name of features) lines.push(`    ${idOf(name)}["${name}"]`);
  for (const name of features) {
    for (const target of importsOf(name).filter((one) => features.includes(one))) {
      lines.push(`    ${idOf(name)} --> ${idOf(target)}`);
    }
  }
  lines.push('  end', '  passwords["passwords"]', '  subgraph platform["platform"]', '    direction TB');
  for (const [title, rooms] of Object.entries(ROOMS)) {
    lines.push(`    ${idOf(title)}["<b>${title}</b><br>${inRows(rooms).join('<br>')}"]`);
  }
  lines.push('  end', '  config["config"]');
  for (const [node, targets] of arrows) {
    for (const target of targets) {
      if (!leadsAround(arrows, node, target)) lines.push(`  ${idOf(node)} --> ${idOf(target)}`);
    }
  }
  return `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\``;
}

/** What a module imports, in the order of the alphabet. */
function importsOf(name) {
  return [...(imports.get(name) ?? [])].toSorted(byName);
}

/** The boxes that the modules of a box import. */
function boxesBelow(box, boxes) {
  const members = [...imports.keys()].filter((name) => boxOf(name) === box);
  const targets = members.flatMap(importsOf).map(boxOf).toSorted(byName);
  return new Set(targets.filter((target) => boxes.includes(target) && target !== box));
}

function byName(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** The box that shows a module. */
function boxOf(name) {
  if (features.includes(name)) return 'features';
  return name.startsWith('platform/') ? 'platform' : name;
}

/** Whether other arrows lead from one box to another, so that an arrow between them adds nothing. */
function leadsAround(arrows, from, to) {
  const seen = new Set();
  const open = [...(arrows.get(from) ?? [])].filter((target) => target !== to);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(arrows.get(next) ?? []));
  }
  return false;
}

function inRows(names, length = 2) {
  const rows = [];
  for (let start = 0; start < names.length; start += length) rows.push(names.slice(start, start + length).join(' · '));
  return rows;
}

function roomsTable() {
  const rows = [...features, 'passwords'].map((name) => {
    const rooms = importsOf(name).filter((one) => one.startsWith('platform/'));
    return `| \`${name}\` | ${rooms.map((room) => room.slice('platform/'.length)).join(', ')} |`;
  });
  return ['| module | rooms of the platform that it imports |', '| --- | --- |', ...rows].join('\n');
}

/** A name as Mermaid takes it for an id: without dots and blanks. */
function idOf(name) {
  return name.replaceAll(/[^a-z]/gi, '_');
}

function replaceMarked(text, name, content) {
  const marked = new RegExp(`(<!-- ${name}: .*-->\n)[^]*(<!-- end of ${name} -->)`);
  if (!marked.test(text)) fail(`${PAGE} lacks the markers of "${name}"`);
  return text.replace(marked, (_all, start, end) => `${start}\n${content}\n\n${end}`);
}

function checkRooms() {
  const grouped = Object.values(ROOMS).flat();
  const present = [...imports.keys()].filter((name) => name.startsWith('platform/')).map((name) => name.split('/')[1]);
  const strange = [
    ...present.filter((room) => !grouped.includes(room)),
    ...grouped.filter((room) => !present.includes(room)),
  ];
  if (strange.length > 0) fail(`ROOMS in scripts/draw-modules.mjs and src/platform/ differ: ${strange.join(', ')}`);
}

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}
