import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseDriver } from '#platform/postgres';
import { PrismaClient } from './generated/client.js';
import { refuseOutsider } from './open-transaction.js';

/** How long a transaction waits for a connection, and may take, in milliseconds. */
const TRANSACTION_MAX_WAIT_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 15_000;

/** Prisma on the configured driver; closes it once the last request has been answered. */
@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  constructor(private readonly driver: DatabaseDriver) {
    super({
      adapter: driver.adapter,
      // The default quotes a failed call with its arguments, password hashes included, in the error's message.
      errorFormat: 'minimal',
      transactionOptions: { maxWait: TRANSACTION_MAX_WAIT_MS, timeout: TRANSACTION_TIMEOUT_MS },
    });
    this.guard();
  }

  /**
   * Every call ends in `_request`, those of a transaction with it among the parameters. The check must stand at the call:
   * Prisma sends the statements of several callers together, in the context of the first.
   */
  private guard(): void {
    const request: unknown = Reflect.get(this, '_request');
    if (typeof request !== 'function') throw new Error('Prisma has no _request: the guard of transactions needs it');
    const guarded = (parameters: { readonly transaction?: unknown }): unknown => {
      if (parameters.transaction === undefined) refuseOutsider();
      return Reflect.apply(request, this, [parameters]);
    };
    Object.defineProperty(this, '_request', { value: guarded });
    const transact: unknown = Reflect.get(this, '$transaction');
    if (typeof transact !== 'function') return;
    const begin = (...parameters: unknown[]): unknown => {
      refuseOutsider();
      return Reflect.apply(transact, this, parameters);
    };
    Object.defineProperty(this, '$transaction', { value: begin });
  }

  /**
   * A round trip on the connections that serve requests.
   *
   * @throws while the database refuses its work or takes no writes
   */
  async ping(): Promise<void> {
    const { watch } = this.driver;
    const [row] = await this.$queryRaw<[{ readOnly: string }]>`
      SELECT current_setting('transaction_read_only') AS "readOnly"`;
    if (row.readOnly === 'on') watch.noteReadOnly();
    if (watch.fault !== undefined) throw new Error(`The database does not work: ${watch.fault.reason}`);
  }

  /**
   * Waits for something after which the database is needed.
   *
   * @throws when the database falls silent meanwhile
   */
  whileAnswering<T>(wait: Promise<T>): Promise<T> {
    return this.driver.watch.guard(wait);
  }

  /** Runs a statement that must not wait for a connection while requests use all of them. */
  async runApart(sql: string): Promise<readonly object[]> {
    return this.driver.runApart(sql);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
    await this.driver.close();
  }
}
