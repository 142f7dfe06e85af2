import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import type { DatabaseWatch } from './database-watch.js';

type SqlDriverAdapter = Awaited<ReturnType<SqlDriverAdapterFactory['connect']>>;
type Transaction = Awaited<ReturnType<SqlDriverAdapter['startTransaction']>>;
type SqlQuery = Parameters<SqlDriverAdapter['queryRaw']>[0];

/** Runs every statement of Prisma under the watch, on the connections that there are at that moment. */
export class WatchedAdapter implements SqlDriverAdapterFactory {
  readonly provider = 'postgres';

  constructor(
    readonly adapterName: string,
    private readonly watch: DatabaseWatch,
    private readonly current: () => Promise<SqlDriverAdapter>,
  ) {}

  async connect(): Promise<SqlDriverAdapter> {
    const { provider, adapterName, watch, current } = this;
    const info = (await current()).getConnectionInfo?.();
    return {
      provider,
      adapterName,
      queryRaw: (query) => watch.run(async () => (await current()).queryRaw(query), query),
      executeRaw: (query) => watch.run(async () => (await current()).executeRaw(query), query),
      executeScript: async (script) => (await current()).executeScript(script),
      startTransaction: async (isolationLevel) => {
        const transaction = await watch.run(async () => (await current()).startTransaction(isolationLevel));
        return watched(transaction, watch);
      },
      getConnectionInfo: () => info ?? { supportsRelationJoins: true },
      // The driver closes its connections itself.
      dispose: async () => undefined,
    };
  }
}

function watched(transaction: Transaction, watch: DatabaseWatch): Transaction {
  const { provider, adapterName, options } = transaction;
  return {
    provider,
    adapterName,
    options,
    queryRaw: (query: SqlQuery) => watch.run(() => transaction.queryRaw(query), query),
    executeRaw: (query: SqlQuery) => watch.run(() => transaction.executeRaw(query), query),
    // Neither sends anything: they give the connection back.
    commit: () => transaction.commit(),
    rollback: () => transaction.rollback(),
  };
}
