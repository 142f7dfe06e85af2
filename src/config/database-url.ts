import { existsSync } from 'node:fs';

const FILE_PARAMETERS = ['sslrootcert', 'sslcert', 'sslkey'];

/** Whether a URL leads to PgBouncer in transaction mode, as Prisma and others mark it. */
export function isPgBouncer(url: string): boolean {
  return new URL(url).searchParams.get('pgbouncer') === 'true';
}

/** One line for each thing that is wrong with a `postgresql://` URL. They do not repeat it: it holds a password. */
export function databaseUrlFaults(name: string, value: string | undefined): string[] {
  if (value === undefined || !/^postgres(ql)?:/.test(value)) return [];
  if (!isWhole(value)) {
    return [`${name} cannot be read: write # / ? @ : and % in its user and password as %23 %2F %3F %40 %3A and %25`];
  }
  const { searchParams } = new URL(value);
  const faults: string[] = [];
  if (!['public', null].includes(searchParams.get('schema'))) {
    faults.push(`${name} must not name another schema than public: the tables are there`);
  }
  if (!['true', 'false', null].includes(searchParams.get('pgbouncer'))) {
    faults.push(`${name} must have true or false as its parameter pgbouncer`);
  }
  for (const parameter of FILE_PARAMETERS) {
    const path = searchParams.get(parameter);
    if (path !== null && !existsSync(path)) faults.push(`${name} must give an existing file as ${parameter}`);
  }
  return faults;
}

/** A raw `#`, `/` or `?` in a password ends the host's part early, and the `@` that should follow it comes too late. */
function isWhole(value: string): boolean {
  try {
    const { username, password, pathname, hash, search } = new URL(value);
    decodeURIComponent(username + password);
    decodeURIComponent(pathname);
    return hash === '' && !pathname.includes('@') && (username !== '' || !search.includes('@'));
  } catch {
    return false;
  }
}
