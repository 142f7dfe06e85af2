import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';

interface OpenTransaction {
  isOver: boolean;
}

const storage = new AsyncLocalStorage<OpenTransaction>();

/** What runs inside a transaction used the database outside of it. */
export class OutsideTransactionError extends Error {
  constructor() {
    super(
      'PrismaService was used inside a transaction. Use transaction.db: another connection does not see the change, and ' +
        'the embedded database has none.',
    );
  }
}

/** Runs the work of a transaction: until it ends, statements outside of the transaction fail at once. */
export async function whileInTransaction<T>(work: () => Promise<T>): Promise<T> {
  const open: OpenTransaction = { isOver: false };
  try {
    return await storage.run(open, work);
  } finally {
    // What the work has started, and not waited for, may use the database again.
    open.isOver = true;
  }
}

/** Refuses statements outside of the transaction that the caller is in. */
export function refusingOutsiders(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = await factory.connect();
      return {
        ...adapter,
        queryRaw: async (query) => {
          refuseOutsider();
          return adapter.queryRaw(query);
        },
        executeRaw: async (query) => {
          refuseOutsider();
          return adapter.executeRaw(query);
        },
        startTransaction: async (isolationLevel) => {
          refuseOutsider();
          return adapter.startTransaction(isolationLevel);
        },
      };
    },
  };
}

function refuseOutsider(): void {
  if (storage.getStore()?.isOver === false) throw new OutsideTransactionError();
}
