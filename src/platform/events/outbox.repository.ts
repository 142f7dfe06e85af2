import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';

/** How long (ms) a message belongs to the instance that took it, unless it is told that the instance is still at it. */
export const LEASE_MS = 20_000;
const MAX_ERROR_LENGTH = 500;

export interface NewMessage {
  readonly handler: string;
  readonly key: string;
  /** JSON text. */
  readonly event: string;
  /** Until the first attempt, in milliseconds. */
  readonly delayMs: number;
}

/** A message that this instance is to deliver. */
export interface TakenMessage {
  readonly id: bigint;
  readonly handler: string;
  readonly key: string;
  readonly event: unknown;
  /** This one included. */
  readonly attempts: number;
}

export interface OutboxState {
  /** Messages that wait or are being delivered. */
  readonly waiting: number;
  /** Seconds since the oldest of them was written. */
  readonly oldestSeconds: number;
  /** Messages that were given up. */
  readonly failed: number;
}

/** A message as the operator sees it. */
export interface ListedMessage {
  readonly id: bigint;
  readonly handler: string;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly failed: boolean;
  readonly createdAt: Date;
}

/** The table of messages. Times are the database's. */
@Injectable()
export class OutboxRepository {
  constructor(private readonly prisma: PrismaService) {}

  async insert(messages: readonly NewMessage[], db: Prisma.TransactionClient): Promise<void> {
    const rows = messages.map(
      ({ handler, key, event, delayMs }) =>
        Prisma.sql`(${handler}, ${key}, ${event}::jsonb, clock_timestamp() + ${delayMs} * INTERVAL '1 millisecond')`,
    );
    await db.$executeRaw`
      INSERT INTO outbox_messages (handler, key, event, next_attempt_at) VALUES ${Prisma.join(rows)}`;
  }

  /**
   * Takes messages that are due, for these handlers, the oldest of each key only.
   *
   * @param running of this instance: it may have been unable to keep them
   */
  async take(handlers: readonly string[], running: readonly bigint[], limit: number): Promise<TakenMessage[]> {
    return this.prisma.$queryRaw<TakenMessage[]>`
      UPDATE outbox_messages AS message
      SET attempts = attempts + 1, locked_until = clock_timestamp() + ${LEASE_MS} * INTERVAL '1 millisecond'
      WHERE id IN (
        SELECT id FROM outbox_messages AS due
        WHERE failed_at IS NULL AND next_attempt_at <= clock_timestamp() AND handler = ANY(${[...handlers]})
          AND id <> ALL(${[...running]}::bigint[])
          AND (locked_until IS NULL OR locked_until < clock_timestamp())
          AND NOT EXISTS (
            SELECT 1 FROM outbox_messages AS earlier
            WHERE earlier.handler = due.handler AND earlier.key = due.key AND earlier.id < due.id
              AND earlier.failed_at IS NULL)
        ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id, handler, key, event, attempts`;
  }

  /** Says that this instance is still at these messages. */
  async keep(ids: readonly bigint[]): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE outbox_messages SET locked_until = clock_timestamp() + ${LEASE_MS} * INTERVAL '1 millisecond'
      WHERE id = ANY(${[...ids]}::bigint[])`;
  }

  async remove({ id, attempts }: TakenMessage): Promise<void> {
    await this.prisma.$executeRaw`DELETE FROM outbox_messages WHERE id = ${id} AND attempts = ${attempts}`;
  }

  /** @param pauseMs until the next attempt; `undefined` gives the message up */
  async noteFailure({ id, attempts }: TakenMessage, error: string, pauseMs: number | undefined): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE outbox_messages
      SET locked_until = NULL, last_error = ${storable(error)},
          next_attempt_at = clock_timestamp() + ${pauseMs ?? 0} * INTERVAL '1 millisecond',
          failed_at = ${pauseMs === undefined ? Prisma.sql`clock_timestamp()` : Prisma.sql`NULL`}
      WHERE id = ${id} AND attempts = ${attempts}`;
  }

  async state(): Promise<OutboxState> {
    const [row] = await this.prisma.$queryRaw<[OutboxState]>`
      SELECT count(*) FILTER (WHERE failed_at IS NULL)::int AS waiting,
        COALESCE(floor(extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE failed_at IS NULL))), 0)::int
          AS "oldestSeconds",
        count(failed_at)::int AS failed
      FROM outbox_messages`;
    return row;
  }

  /** The oldest first. */
  async list(limit: number): Promise<ListedMessage[]> {
    return this.prisma.$queryRaw<ListedMessage[]>`
      SELECT id, handler, attempts, last_error AS "lastError", failed_at IS NOT NULL AS failed, created_at AS "createdAt"
      FROM outbox_messages ORDER BY id LIMIT ${limit}`;
  }

  /** @param id without one, all that were given up @returns how many there were */
  async retry(id: bigint | undefined): Promise<number> {
    return this.prisma.$executeRaw`
      UPDATE outbox_messages
      SET failed_at = NULL, attempts = 0, next_attempt_at = clock_timestamp(), locked_until = NULL
      WHERE ${id === undefined ? Prisma.sql`failed_at IS NOT NULL` : Prisma.sql`id = ${id}`}`;
  }

  /** @param id without one, all that were given up @returns how many there were */
  async discard(id: bigint | undefined): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM outbox_messages WHERE ${id === undefined ? Prisma.sql`failed_at IS NOT NULL` : Prisma.sql`id = ${id}`}`;
  }
}

/** PostgreSQL takes no NUL. */
function storable(error: string): string {
  return error.slice(0, MAX_ERROR_LENGTH).replaceAll('\0', ' ').toWellFormed();
}
