import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { describeApi } from '../../src/platform/openapi/document.js';
import { startApp, type TestApp } from '../support/app.js';

describe('docs/api/openapi.yaml', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('equals what the code generates (npm run docs:api writes it)', async () => {
    const generated: unknown = JSON.parse(JSON.stringify(await describeApi(test.app)));
    expect(parse(await readFile('docs/api/openapi.yaml', 'utf8'))).toEqual(generated);
  });
});
