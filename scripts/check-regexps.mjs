// Fails with each regular expression of src/ that some text makes backtrack over its length: what a client sends, or a
// configuration, is matched on the event loop that everybody waits for.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
// The checker in JavaScript: no Java, and no binary.
import recheck from 'recheck/lib/browser.js';
import ts from 'typescript';

const TIMEOUT_MS = 30_000;
const LINEAR = new Set(['safe', 'linear', 'constant']);
const root = fileURLToPath(new URL('..', import.meta.url));

function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => join(folder, name));
}

/** The source and flags of what is written as a regular expression; a source of `undefined` is not known before it runs. */
function regexpAt(node) {
  if (ts.isRegularExpressionLiteral(node)) {
    const end = node.text.lastIndexOf('/');
    return { source: node.text.slice(1, end), flags: node.text.slice(end + 1) };
  }
  const made = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp';
  if (!made) return undefined;
  const [source, flags] = node.arguments ?? [];
  const known = source !== undefined && ts.isStringLiteralLike(source);
  return {
    source: known ? source.text : undefined,
    flags: flags !== undefined && ts.isStringLiteralLike(flags) ? flags.text : '',
  };
}

function regexpsOf(path) {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const regexp = regexpAt(node);
    if (regexp !== undefined) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push({ ...regexp, where: `${relative(root, path)}:${line + 1}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What is wrong with it; `undefined` if nothing is. */
function fault({ source, flags }) {
  if (source === undefined) return 'is made at run time: write it as a literal';
  const { status, complexity, attack, error } = recheck.checkSync(source, flags, { timeout: TIMEOUT_MS });
  if (status === 'safe' && LINEAR.has(complexity.type)) return undefined;
  if (status === 'vulnerable') return `takes ${complexity.summary} time for ${attack.pattern}`;
  return `could not be checked: ${error?.kind ?? status}`;
}

const regexps = sources(join(root, 'src')).flatMap(regexpsOf);
let faults = 0;
for (const regexp of regexps) {
  const found = fault(regexp);
  if (found === undefined) continue;
  faults += 1;
  process.stderr.write(`${regexp.where}  /${regexp.source ?? '…'}/${regexp.flags} ${found}\n`);
}
if (faults > 0) process.exitCode = 1;
else
  process.stdout.write(
    `${regexps.length} regular expressions. None takes time that grows faster than the text it reads.\n`,
  );
