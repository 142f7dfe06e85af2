/** What the tables, indexes and types of an extension are named with. */
export function tablePrefix(extension: string): string {
  return `ext_${extension.replaceAll('-', '_')}_`;
}

/** Words that may stand before a name. */
const FILLERS = new Set(['IF', 'NOT', 'EXISTS', 'ONLY', 'CONCURRENTLY', 'UNLOGGED', 'UNIQUE']);
/** What stands before the name of the one thing that a statement touches. */
const OWN = [
  ...['CREATE', 'ALTER', 'DROP'].flatMap((verb) =>
    ['TABLE', 'TYPE', 'SEQUENCE', 'VIEW'].map((kind) => `${verb} ${kind}`),
  ),
  'ALTER INDEX',
  'DROP INDEX',
  'TRUNCATE TABLE',
  'TRUNCATE',
  'INSERT INTO',
  'UPDATE',
  'DELETE FROM',
  'COMMENT ON TABLE',
  'COMMENT ON COLUMN',
].map((words) => words.split(' '));

/**
 * The first statement of an extension's migration that touches what belongs to the core or to another extension, or that
 * cannot be told; `undefined` for a migration that keeps to its own.
 */
export function foreignStatement(sql: string, extension: string): string | undefined {
  const prefix = tablePrefix(extension);
  return statementsOf(sql).find((statement) => !isOwn(statement, prefix));
}

function isOwn(statement: string, prefix: string): boolean {
  const words = wordsOf(statement);
  const [verb = ''] = words;
  // A list may name others', and in a text with backslashes a quote may not be its end.
  if ((verb === 'DROP' || verb === 'TRUNCATE') && statement.includes(',')) return false;
  if (statement.includes('$') || words.some((word) => word.endsWith("E''"))) return false;
  if (verb === 'CREATE' && words[1] === 'INDEX') {
    const [, , index = '', on, table = ''] = words;
    return isNamed(index, prefix) && on === 'ON' && (table === 'USERS' || isNamed(table, prefix));
  }
  const head = OWN.find((known) => known.every((word, position) => words[position] === word));
  return head !== undefined && isNamed(words[head.length] ?? '', prefix);
}

function isNamed(name: string, prefix: string): boolean {
  return name.startsWith(prefix.toUpperCase());
}

/** In capitals, without quotes, the schema `public` and fillers. */
function wordsOf(statement: string): string[] {
  return statement
    .replaceAll('"', '')
    .replaceAll('(', ' ')
    .toUpperCase()
    .split(' ')
    .filter((word) => word !== '' && !FILLERS.has(word))
    .map((word) => (word.startsWith('PUBLIC.') ? word.slice('PUBLIC.'.length) : word));
}

function statementsOf(sql: string): string[] {
  return visiblePart(sql)
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '');
}

/** Without comments and the insides of texts. */
function visiblePart(sql: string): string {
  let visible = '';
  for (let at = 0; at < sql.length;) {
    if (sql.startsWith('--', at)) at = endOf(sql, '\n', at);
    else if (sql.startsWith('/*', at)) at = endOf(sql, '*/', at);
    else if (sql[at] === "'") {
      at = endOf(sql, "'", at + 1);
      // Two quotes stand for one, and begin the next part of the text here.
      visible += "''";
    } else {
      visible += sql[at];
      at += 1;
      continue;
    }
    visible += ' ';
  }
  return visible;
}

function endOf(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from);
  return at === -1 ? sql.length : at + end.length;
}
