/** What the tables, indexes and types of an extension are named with. */
export function tablePrefix(extension: string): string {
  return `ext_${extension.replaceAll('-', '_')}_`;
}

const NAME = String.raw`(?:"?public"?\s*\.\s*)?"?(?<name>\w+)"?`;
const OPTIONS = String.raw`(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:CONCURRENTLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?`;

/** Statements that touch one thing, whose name is then the extension's. */
const OWN = [
  String.raw`(?:CREATE(?:\s+UNLOGGED)?|ALTER|DROP|TRUNCATE)\s+TABLE\s+${OPTIONS}${NAME}`,
  String.raw`TRUNCATE\s+${NAME}`,
  String.raw`(?:ALTER|DROP)\s+INDEX\s+${OPTIONS}${NAME}`,
  String.raw`(?:CREATE|ALTER|DROP)\s+(?:TYPE|SEQUENCE|VIEW)\s+${OPTIONS}${NAME}`,
  String.raw`INSERT\s+INTO\s+${NAME}`,
  String.raw`UPDATE\s+${OPTIONS}${NAME}`,
  String.raw`DELETE\s+FROM\s+${OPTIONS}${NAME}`,
  String.raw`COMMENT\s+ON\s+(?:TABLE|COLUMN)\s+${NAME}`,
].map((pattern) => new RegExp(`^${pattern}`, 'i'));

const CREATE_INDEX = new RegExp(
  String.raw`^CREATE\s+(?:UNIQUE\s+)?INDEX\s+${OPTIONS}"?(?<index>\w+)"?\s+ON\s+(?:ONLY\s+)?${NAME}`,
  'i',
);

/**
 * The first statement of an extension's migration that touches what belongs to the core or to another extension, or that
 * cannot be told; `undefined` for a migration that keeps to its own.
 */
export function foreignStatement(sql: string, extension: string): string | undefined {
  const prefix = tablePrefix(extension);
  return statementsOf(sql).find((statement) => !isOwn(statement, prefix));
}

function isOwn(statement: string, prefix: string): boolean {
  // A list may name others', and in a text with backslashes a quote may not be its end.
  if (/^(?:DROP|TRUNCATE) [^']*,/i.test(statement) || /\bE''|\$/i.test(statement)) return false;
  const index = CREATE_INDEX.exec(statement)?.groups;
  if (index !== undefined) {
    const { index: name = '', name: table = '' } = index;
    return name.startsWith(prefix) && (table === 'users' || table.startsWith(prefix));
  }
  const name = OWN.map((pattern) => pattern.exec(statement)?.groups?.['name']).find((found) => found !== undefined);
  return name?.startsWith(prefix) === true;
}

/** A comment, or a text; what is in a text with backslashes cannot be told. */
const HIDDEN = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g;

/** Without comments and texts, in one line each. */
function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(HIDDEN, (hidden) => (hidden.startsWith("'") ? "''" : ' '))
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '');
}
