import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';

/** After this (ms) an undecided attempt counts as a failure: its process is dead, as a full queue of hashes takes seconds. */
const UNDECIDED_MS = 60_000;

/** A window of wrong passwords. */
export interface AttemptWindow {
  /** A keyed hash of what is counted. */
  readonly key: Buffer;
  /** How many attempts may fail in it; `null` counts them and refuses none. */
  readonly max: number | null;
}

/** Places in several windows, taken together. */
export interface Places {
  readonly keys: readonly Buffer[];
  readonly takenAt: Date;
}

/** The password_attempts table. Every window begins with its first attempt. */
@Injectable()
export class PasswordAttemptsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Takes a place in every window, or in none: one statement, so that any number of attempts on any number of instances
   * take no more places than there are.
   *
   * @returns the places, or the seconds after which to try again
   */
  async take(windows: readonly AttemptWindow[], windowMs: number): Promise<Places | number> {
    const keys = windows.map(({ key }) => key);
    const maxima = windows.map(({ max }) => max);
    const [row] = await this.prisma.$queryRaw<[{ takenAt: Date | null; retryAfter: number | null }]>`
      SELECT taken_at AS "takenAt", retry_after AS "retryAfter"
      FROM take_password_places(${list(keys)}::bytea[], ${list(maxima)}::integer[], ${windowMs}, ${UNDECIDED_MS})`;
    return row.takenAt === null ? Math.max(1, row.retryAfter ?? 1) : { keys, takenAt: row.takenAt };
  }

  /** Decides an attempt: a failure keeps its places, a success gives them back. Windows begun since are left alone. */
  async settle({ keys, takenAt }: Places, failed: boolean): Promise<void> {
    await this.prisma.$executeRaw`
      SELECT settle_password_places(${list(keys)}::bytea[], ${takenAt}::timestamptz, ${failed})`;
  }

  /**
   * Deletes windows that are over, oldest first. Instances that do so at once share the work.
   *
   * @returns how many, `limit` at most
   */
  async deleteOver(windowMs: number, limit: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM password_attempts WHERE key IN (
        SELECT key FROM password_attempts WHERE began_at < now() - ${windowMs} * interval '1 millisecond'
        ORDER BY began_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  }
}

function list(values: readonly (Buffer | number | null)[]): Prisma.Sql {
  return Prisma.sql`ARRAY[${Prisma.join([...values])}]`;
}
