/** Beginnings that other programs use as well. */
const FOREIGN_PREFIXES = new Set(['NODE_', 'UV_', 'NEW_', 'ACCEPT_', 'RESET_', 'VERIFY_']);
/** Variables of a Linux desktop. */
const FOREIGN_NAMES = new Set(['SESSION_MANAGER']);
/** What Kubernetes and Docker add for a service called `redis` or `db`. */
const SERVICE_LINK = /_SERVICE_HOST$|_SERVICE_PORT(?:_|$)|_PORT_\d{1,5}_(?:TCP|UDP)(?:_|$)/;

/**
 * One line for each variable that begins like a known one and is unknown itself, such as `JWT_EXPIRE_IN`.
 *
 * @param known the names of all variables
 */
export function misspeltVariables(variables: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  const prefixes = new Set(known.map((name) => /^[A-Z\d]+_/.exec(name)?.[0] ?? ''));
  return Object.entries(variables)
    .filter(
      ([name, value]) =>
        value !== '' && !known.includes(name) && !FOREIGN_NAMES.has(name) && !isServiceLink(name, value),
    )
    .filter(([name]) => {
      const prefix = /^[A-Z\d]+_/.exec(name.toUpperCase())?.[0] ?? '';
      return prefix !== '' && prefixes.has(prefix) && !FOREIGN_PREFIXES.has(prefix);
    })
    .map(
      ([name]) => `${name} is not a variable of this service, and is ignored. Did you mean ${nearest(name, known)}?`,
    );
}

function isServiceLink(name: string, value = ''): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(?:tcp|udp):\/\//.test(value));
}

function nearest(name: string, known: readonly string[]): string {
  const [first = ''] = known.toSorted((a, b) => distance(name.toUpperCase(), a) - distance(name.toUpperCase(), b));
  return first;
}

/** How many letters have to be added, left out or replaced (Levenshtein, 1965). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
