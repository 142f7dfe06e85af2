import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cache } from '../../src/platform/cache/index.js';
import { Transactions } from '../../src/platform/events/index.js';
import { startApp, type TestApp } from '../support/app.js';

const KEY = 'transactions-test';

describe('What a transaction makes the cache forget', () => {
  let test: TestApp;
  let cache: Cache;
  let transactions: Transactions;
  let loads = 0;
  beforeAll(async () => {
    test = await startApp();
    cache = test.app.get(Cache);
    transactions = test.app.get(Transactions);
  });
  afterAll(() => test.close());

  const read = () => cache.getOrLoad(KEY, 60_000, async () => (loads += 1));

  it('is kept until the commit, and gone before its caller hears of it', async () => {
    const before = await read();
    await transactions.run(async (transaction) => {
      transaction.forget(KEY);
      expect(await read()).toBe(before);
    });
    expect(await read()).not.toBe(before);
  });

  it('is kept when the transaction is rolled back', async () => {
    const before = await read();
    const failing = transactions.run(async (transaction) => {
      transaction.forget(KEY);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await read()).toBe(before);
  });

  it('is gone when the commit itself failed, as that may have gone through', async () => {
    const before = await read();
    const failing = transactions.run(async (transaction) => {
      transaction.forget(KEY);
      const { db } = transaction;
      await db.$executeRaw`CREATE TEMP TABLE twice (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP`;
      await db.$executeRaw`INSERT INTO twice VALUES (1), (1)`;
    });
    await expect(failing).rejects.toThrow(/unique|duplicate/i);
    expect(await read()).not.toBe(before);
  });

  it('may be any number of keys', async () => {
    const before = await read();
    await transactions.run(async (transaction) => {
      for (let count = 0; count < 200_000; count += 1) transaction.forget(`${KEY}-${count}`);
      transaction.forget(KEY);
    });
    expect(await read()).not.toBe(before);
  });
});
