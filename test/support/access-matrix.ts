import { readFileSync } from 'node:fs';

export const HOLDERS = ['no token', 'user', 'auditor', 'admin', 'one permission'] as const;

export type Holder = (typeof HOLDERS)[number];

/** Which users a caller may use a route on: none, themselves, or any. */
export type Reach = 'none' | 'self' | 'any';

export interface MatrixRow {
  /** The method, and the path below the base path, as in `GET /users/{id}`. */
  readonly route: string;
  readonly reach: Readonly<Record<Holder, Reach>>;
  /** The permission that the last column's role has; `undefined` where no permission makes a difference. */
  readonly permission: string | undefined;
}

const REACHES: Readonly<Record<string, Reach>> = { '–': 'none', self: 'self', any: 'any', yes: 'any' };

/** Reads the table of docs/access.md, so that the tests check what is documented. */
export function readMatrix(): MatrixRow[] {
  const lines = readFileSync('docs/access.md', 'utf8').split('\n');
  const rows = lines.filter((line) => /^\| (GET|POST|PUT|PATCH|DELETE) /.test(line));
  return rows.map((line) => {
    const [route = '', noToken = '', user = '', auditor = '', admin = '', permission = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const name = permission === '' ? undefined : permission.replaceAll('`', '');
    return {
      route,
      permission: name,
      reach: {
        'no token': reachOf(noToken),
        user: reachOf(user),
        auditor: reachOf(auditor),
        admin: reachOf(admin),
        'one permission': name === undefined ? reachOf(user) : 'any',
      },
    };
  });
}

function reachOf(cell: string): Reach {
  const reach = REACHES[cell];
  if (reach === undefined) throw new Error(`docs/access.md has a cell "${cell}"`);
  return reach;
}
