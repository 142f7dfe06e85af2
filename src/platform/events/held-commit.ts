import { AsyncLocalStorage } from 'node:async_hooks';
import { besideTransaction, OpenTransaction } from '#platform/database';
import type { Transaction } from './transaction.js';

type Work<T> = (transaction: Transaction) => Promise<T>;

const storage = new AsyncLocalStorage<HeldCommit>();

/** The commit that the current work must wait for; `undefined` where transactions commit at once. */
export function heldCommit(): HeldCommit | undefined {
  const held = storage.getStore();
  return held?.isOver === true ? undefined : held;
}

/**
 * Holds a request's transaction open until its answer is known, so that the change and the answer are committed together.
 * All transactions of the request become one. Until the commit, the request must not use the database outside of it: an
 * embedded database has no second connection.
 */
export class HeldCommit {
  /** Handlers after the commit, and what a request has started in the background, have transactions of their own. */
  isOver = false;
  private transaction: Transaction | undefined;
  private readonly open = new OpenTransaction();
  private committed: Promise<unknown> | undefined;
  private readonly last = deferred<Work<void>>();

  /** Runs `work` so that transactions that it starts are held. */
  within<T>(work: () => Promise<T>): Promise<T> {
    return storage.run(this, () => besideTransaction(this.open, work));
  }

  /**
   * Runs the work of a transaction, and resolves before the commit.
   *
   * @param commit runs work in a transaction that commits when the work resolves
   */
  hold<T>(work: Work<T>, commit: (whole: Work<void>) => Promise<void>): Promise<T> {
    if (this.transaction !== undefined) return work(this.transaction);
    return new Promise((resolve, reject) => {
      const committed = commit(async (transaction) => {
        this.transaction = transaction;
        this.open.isOver = false;
        resolve(await work(transaction));
        const last = await this.last.promise;
        await last(transaction);
        this.isOver = true;
        this.open.isOver = true;
      });
      this.committed = committed;
      committed.catch((error: unknown) => {
        this.open.isOver = true;
        this.transaction = undefined;
        this.committed = undefined;
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /**
   * Commits, after `last` has written what belongs to the change.
   *
   * @returns whether there was a transaction to commit
   */
  async commit(last: Work<void>): Promise<boolean> {
    const { committed } = this;
    this.last.resolve(last);
    await committed;
    this.isOver = true;
    this.open.isOver = true;
    return committed !== undefined;
  }

  /** Undoes what the transaction has done so far, if there is one. */
  async rollBack(reason: unknown): Promise<void> {
    const { committed } = this;
    this.last.reject(reason);
    await committed?.catch(noop);
    this.isOver = true;
    this.open.isOver = true;
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = noop;
  let reject: (reason: unknown) => void = noop;
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  // It may be rejected while nothing waits for it.
  promise.catch(noop);
  return { promise, resolve, reject };
}

function noop(): void {}
