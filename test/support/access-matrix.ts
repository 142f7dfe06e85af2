import { readFileSync } from 'node:fs';

export const HOLDERS = ['no token', 'user', 'auditor', 'admin', 'these permissions'] as const;

export type Holder = (typeof HOLDERS)[number];

/** Which users a caller may use a route on: none, themselves, or any. */
export type Reach = 'none' | 'self' | 'others' | 'any';

export interface MatrixRow {
  /** The method, and the path below the base path, as in `GET /users/{id}`. */
  readonly route: string;
  readonly reach: Readonly<Record<Holder, Reach>>;
  /** The permissions that the last column's role has; none where no permission makes a difference. */
  readonly permissions: readonly string[];
}

const REACHES: Readonly<Record<string, Reach>> = {
  '–': 'none',
  self: 'self',
  others: 'others',
  any: 'any',
  yes: 'any',
};

/** Reads the table of docs/access.md, so that the tests check what is documented. */
export function readMatrix(): MatrixRow[] {
  const lines = readFileSync('docs/access.md', 'utf8').split('\n');
  const rows = lines.filter((line) => /^\| (GET|POST|PUT|PATCH|DELETE) /.test(line));
  return rows.map((line) => {
    const [route = '', noToken = '', user = '', auditor = '', admin = '', names = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const permissions = [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    return {
      route,
      permissions,
      reach: {
        'no token': reachOf(noToken),
        user: reachOf(user),
        auditor: reachOf(auditor),
        admin: reachOf(admin),
        'these permissions': reachOf(permissions.length === 0 ? user : admin),
      },
    };
  });
}

function reachOf(cell: string): Reach {
  const reach = REACHES[cell];
  if (reach === undefined) throw new Error(`docs/access.md has a cell "${cell}"`);
  return reach;
}
