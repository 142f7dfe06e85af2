import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { expectOrdinary } from '../support/ordinary.js';
import { createStores, onServers, type Stores } from '../support/stores.js';

let stores: Stores;
let test: TestApp | undefined;
beforeEach(async () => {
  stores = await createStores();
});
afterEach(async () => {
  await test?.close();
  test = undefined;
  await stores.remove();
});

describe('The settings of a database', () => {
  it('that are unlike what the application needs change nothing that a client sees', async () => {
    test = await startApp({}, stores);
    await expectOrdinary(test.api);
  });

  if (onServers) {
    it.each([
      ['timezone', "'America/St_Johns'"],
      ['timezone', "'Europe/Berlin'"],
      ['datestyle', "'SQL', 'DMY'"],
      ['datestyle', "'Postgres', 'MDY'"],
      ['intervalstyle', "'iso_8601'"],
      ['default_transaction_isolation', "'repeatable read'"],
      ['search_path', 'audit, public'],
    ])('do so one at a time, set for the role: %s = %s', async (name, value) => {
      await onDatabase(stores, async (client) => {
        await client.query(`ALTER DATABASE ${client.database} RESET ALL`);
        await client.query(`ALTER ROLE CURRENT_USER IN DATABASE ${client.database} SET ${name} TO ${value}`);
      });
      test = await startApp({}, stores);
      await expectOrdinary(test.api);
    });
  }
});
