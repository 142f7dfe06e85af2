import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '#platform/background';
import { Prisma, PrismaService } from '#platform/database';
import { type SearchedFields, searchTextOf } from './search-text.js';

/** How often it looks for empty texts, in milliseconds. */
const INTERVAL_MS = 5_000;
const BATCH = 1_000;

type SearchedRow = SearchedFields & { readonly id: string; readonly searchText: string | null };

/** Fills the search texts of users that an older release or SQL typed by hand has written. */
@Injectable()
export class SearchTextsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    name: 'Filling search texts',
    everyMs: INTERVAL_MS,
    run: (signal) => this.fillAll(signal),
  });

  constructor(private readonly prisma: PrismaService) {}

  onApplicationBootstrap(): void {
    this.task.start();
    this.task.wake();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /** Fills those that no other transaction holds, up to a limit. @returns how many */
  async fill(limit: number): Promise<number> {
    return this.prisma.$transaction(async (db) => {
      const rows = await db.$queryRaw<SearchedRow[]>`
        ${select(Prisma.sql`search_text IS NULL`, limit)} FOR NO KEY UPDATE SKIP LOCKED`;
      await write(rows, db);
      return rows.length;
    });
  }

  /**
   * Writes every text that is not what this release makes of its user. Started again, it writes only what is left.
   *
   * @param progress told after each batch
   * @returns how many texts it wrote
   */
  async rebuild(progress: (checked: number) => void): Promise<number> {
    let [written, checked] = [0, 0];
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows = await this.prisma.$queryRaw<SearchedRow[]>`${select(Prisma.sql`id > ${after}::uuid`, BATCH)}`;
      const wrong = rows.filter((row) => row.searchText !== searchTextOf(row)).map(({ id }) => id);
      if (wrong.length > 0) written += await this.rewrite(wrong);
      checked += rows.length;
      progress(checked);
      if (rows.length < BATCH) return written;
      after = rows.at(-1)?.id ?? after;
    }
  }

  private async rewrite(ids: readonly string[]): Promise<number> {
    return this.prisma.$transaction(async (db) => {
      const rows = await db.$queryRaw<SearchedRow[]>`
        ${select(Prisma.sql`id = ANY(${[...ids]}::uuid[])`, BATCH)} FOR NO KEY UPDATE`;
      await write(rows, db);
      return rows.length;
    });
  }

  private async fillAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.fill(BATCH)) === BATCH);
  }
}

async function write(rows: readonly SearchedRow[], db: Prisma.TransactionClient): Promise<void> {
  if (rows.length === 0) return;
  await db.$executeRaw`
    UPDATE users SET search_text = written.text
    FROM unnest(${rows.map(({ id }) => id)}::uuid[], ${rows.map(searchTextOf)}::text[]) AS written (id, text)
    WHERE users.id = written.id`;
}

function select(which: Prisma.Sql, limit: number): Prisma.Sql {
  return Prisma.sql`
    SELECT id, username, email, first_name AS "firstName", last_name AS "lastName", search_text AS "searchText"
    FROM users WHERE ${which} ORDER BY id LIMIT ${limit}`;
}
