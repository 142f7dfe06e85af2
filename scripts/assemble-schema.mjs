// Puts the schema files of the core and of the extensions together in prisma/.assembled/, which the client is generated
// from. A relation of an extension's model to a model of the core gets its opposite side there: no file of the core changes.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CORE = join(ROOT, 'prisma', 'schema');
const EXTENSIONS = join(ROOT, 'src', 'extensions');
const ASSEMBLED = join(ROOT, 'prisma', '.assembled');

const BLOCK = /^(model|enum|type|view)\s+(\w+)\s*\{\n([\s\S]*?)^\}/gm;
const RELATION = /^\s*(\w+)\s+(\w+)(\?)?\s+.*@relation\(([^)]*)\)/gm;

/** The names of extensions with a schema of their own, sorted. */
async function extensionsWithSchema() {
  const entries = existsSync(EXTENSIONS) ? await readdir(EXTENSIONS, { withFileTypes: true }) : [];
  return entries
    .filter((entry) => entry.isDirectory() && !/^[_.]/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => existsSync(join(EXTENSIONS, name, 'schema.prisma')))
    .toSorted();
}

/**
 * The files of the core's schema with these extensions'; all of them by default.
 *
 * @throws Error with one line for each fault
 */
export async function assemble(names) {
  const core = await Promise.all(
    (await readdir(CORE))
      .filter((name) => name.endsWith('.prisma'))
      .toSorted()
      .map(async (path) => ({ path, content: await readFile(join(CORE, path), 'utf8') })),
  );
  const owners = new Map(core.flatMap(({ content }) => blocksOf(content).map(({ name }) => [name, 'the core'])));
  const faults = [];
  const opposites = [];
  const files = [...core];
  for (const extension of names ?? (await extensionsWithSchema())) {
    const content = await readFile(join(EXTENSIONS, extension, 'schema.prisma'), 'utf8');
    const coreModels = new Set([...owners].filter(([, owner]) => owner === 'the core').map(([name]) => name));
    for (const block of blocksOf(content)) {
      faults.push(...faultsOf(block, extension, owners.get(block.name)));
      owners.set(block.name, owners.get(block.name) ?? `the extension ${extension}`);
      if (block.kind === 'model') opposites.push(...oppositesOf(block, extension, coreModels));
    }
    files.push({ path: `ext_${extension}.prisma`, content });
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return files.map(({ path, content }) => ({ path, content: withOpposites(content, opposites) }));
}

function blocksOf(content) {
  return [...content.matchAll(BLOCK)].map(([, kind, name, body]) => ({ kind, name, body }));
}

function faultsOf({ kind, name, body }, extension, owner) {
  const prefix = `ext_${extension.replaceAll('-', '_')}_`;
  const table = /@@map\("([^"]*)"\)/.exec(body)?.[1];
  return [
    ...(owner === undefined ? [] : [`Extension ${extension}: the ${kind} ${name} is taken by ${owner}.`]),
    ...(table?.startsWith(prefix) === true || kind === 'type'
      ? []
      : [`Extension ${extension}: the ${kind} ${name} must have @@map("${prefix}…"), and has ${table ?? 'none'}.`]),
  ];
}

/** The fields that models of the core need for the relations of an extension's model to them. */
function oppositesOf({ name, body }, extension, coreModels) {
  return [...body.matchAll(RELATION)]
    .filter(([, , target]) => coreModels.has(target))
    .map(([, , target, , details]) => {
      const relation = /^\s*(?:name:\s*)?"(\w+)"/.exec(details)?.[1];
      const [column] = /fields:\s*\[\s*(\w+)\s*\]/.exec(details)?.slice(1) ?? [];
      const single = column !== undefined && isUnique(column, body);
      const field = [`ext_${extension.replaceAll('-', '_')}`, name, ...(relation === undefined ? [] : [relation])];
      const attribute = relation === undefined ? '' : ` @relation("${relation}")`;
      return { target, line: `  ${field.join('_')} ${name}${single ? '?' : '[]'}${attribute}` };
    });
}

function isUnique(column, body) {
  const line = body.split('\n').find((text) => new RegExp(`^\\s*${column}\\s`).test(text)) ?? '';
  return /@(?:id|unique)\b/.test(line) || new RegExp(`@@(?:id|unique)\\(\\[\\s*${column}\\s*\\]`).test(body);
}

function withOpposites(content, opposites) {
  return content.replaceAll(BLOCK, (block, kind, name) => {
    const lines = opposites.filter(({ target }) => kind === 'model' && target === name).map(({ line }) => line);
    return lines.length === 0 ? block : block.replace(/\}$/, `\n${lines.join('\n')}\n}`);
  });
}

async function write() {
  const files = await assemble();
  await rm(ASSEMBLED, { recursive: true, force: true });
  await mkdir(ASSEMBLED);
  for (const { path, content } of files) await writeFile(join(ASSEMBLED, path), content);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await write();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
