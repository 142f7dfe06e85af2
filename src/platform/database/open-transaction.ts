import { AsyncLocalStorage } from 'node:async_hooks';

/** What runs inside a transaction used the database outside of it. */
export class OutsideTransactionError extends Error {
  constructor() {
    super(
      'PrismaService was used inside a transaction. Use transaction.db: another connection does not see the change, and ' +
        'the embedded database has none.',
    );
  }
}

/** Whether a transaction is open that the code running now is part of, or must not run beside. */
export class OpenTransaction {
  isOver = true;
}

const storage = new AsyncLocalStorage<OpenTransaction>();

/** Runs the work of a transaction: until it ends, statements outside of the transaction fail at once. */
export async function whileInTransaction<T>(work: () => Promise<T>): Promise<T> {
  const open = new OpenTransaction();
  open.isOver = false;
  try {
    return await besideTransaction(open, work);
  } finally {
    // What the work has started, and not waited for, may use the database again.
    open.isOver = true;
  }
}

/** Runs work that may use the database only while the transaction is over. */
export function besideTransaction<T>(open: OpenTransaction, work: () => Promise<T>): Promise<T> {
  return storage.run(open, work);
}

/** @throws OutsideTransactionError for a statement outside of the transaction that is open */
export function refuseOutsider(): void {
  if (storage.getStore()?.isOver === false) throw new OutsideTransactionError();
}
