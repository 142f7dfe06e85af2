import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseDriver } from './database-driver.js';
import { PrismaClient } from './generated/client.js';

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
  }

  /** A round trip on the connections that serve requests. */
  async ping(): Promise<void> {
    await this.$queryRaw`SELECT 1`;
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
