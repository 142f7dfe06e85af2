import { Injectable } from '@nestjs/common';
import { type Cursor, CursorCodec } from './cursor-codec.js';
import type { Pagination } from './pagination.js';

/** A sorted list that is read page by page. */
export interface PagedList<Row> {
  /** Its filters and sort. A cursor is valid for the same ones only. */
  readonly identity: readonly unknown[];
  readonly limit: number;
  /** What the list is sorted by; the row's id breaks ties. */
  readonly sortKeyOf: (row: Row) => string | null;
}

type Links = Pick<Pagination, 'hasNext' | 'hasPrevious' | 'nextCursor' | 'previousCursor'>;

/** Pages that start at a signed cursor, so that a deep page costs no more than the first. */
@Injectable()
export class CursorPages {
  constructor(private readonly codec: CursorCodec) {}

  /** @throws ValidationError for a cursor that was forged, or made for another list */
  read(text: string, { identity }: Pick<PagedList<never>, 'identity'>): Cursor {
    return this.codec.decode(text, identity);
  }

  /**
   * Cuts a page out of the rows that were read from the cursor in its direction. The caller reads one row more than a
   * page holds, which shows whether another page follows.
   *
   * @param cursor `undefined` on the first page
   */
  cut<Row extends { readonly id: string }>(
    found: readonly Row[],
    cursor: Cursor | undefined,
    list: PagedList<Row>,
  ): { rows: Row[]; pagination: Pagination } {
    const more = found.length > list.limit;
    const nearest = found.slice(0, list.limit);
    const backwards = cursor?.direction === 'previous';
    const rows = backwards ? nearest.toReversed() : nearest;
    const [hasNext, hasPrevious] = backwards ? [cursor.anchor !== null, more] : [more, cursor !== undefined];
    return { rows, pagination: { perPage: list.limit, ...this.links(rows, hasNext, hasPrevious, list) } };
  }

  links<Row extends { readonly id: string }>(
    rows: readonly Row[],
    hasNext: boolean,
    hasPrevious: boolean,
    { identity, sortKeyOf }: PagedList<Row>,
  ): Links {
    const link = (direction: Cursor['direction'], row: Row | undefined) =>
      this.codec.encode(
        { direction, anchor: row === undefined ? null : { key: sortKeyOf(row), id: row.id } },
        identity,
      );
    return {
      hasNext,
      hasPrevious,
      nextCursor: hasNext ? link('next', rows.at(-1)) : null,
      previousCursor: hasPrevious ? link('previous', rows[0]) : null,
    };
  }
}
