import { Prisma } from '#platform/database';
import type { Cursor } from './cursor-codec.js';

/** SQL that reads a list from a cursor: the condition for the rows beyond it, and their order. */
export interface Keyset {
  readonly where: Prisma.Sql;
  readonly orderBy: Prisma.Sql;
}

/** The keyset of a list that begins with its newest row, by a column of times and then by `id`. */
export function newestFirst(column: string, cursor: Cursor | undefined): Keyset {
  const backwards = cursor?.direction === 'previous';
  const order = Prisma.raw(backwards ? 'ASC' : 'DESC');
  const times = Prisma.raw(column);
  const anchor = cursor?.anchor ?? undefined;
  const beyond = Prisma.raw(backwards ? '>' : '<');
  return {
    where:
      anchor === undefined
        ? Prisma.sql`TRUE`
        : Prisma.sql`(${times}, id) ${beyond} (${anchor.key}::timestamptz, ${anchor.id}::uuid)`,
    orderBy: Prisma.sql`${times} ${order}, id ${order}`,
  };
}
