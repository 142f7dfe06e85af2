import { readFile } from 'node:fs/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { declarations } from '../../src/app.js';
import { Authenticated, defineExtension, Public } from '../../src/core/index.js';
import { describeApi } from '../../src/platform/openapi/index.js';
import { loadExtensions } from '../../src/load-extensions.js';
import { startApp, type TestApp } from '../../src/testing/index.js';
import { descriptionFaults } from '../support/description-faults.js';
import type { Description } from '../support/description.js';

/** The description as clients read it. */
async function descriptionOf({ app }: TestApp): Promise<Description> {
  return JSON.parse(JSON.stringify(await describeApi(app, declarations(app)))) as Description;
}

async function committedDescription(): Promise<Description> {
  return parse(await readFile('docs/api/openapi.yaml', 'utf8')) as Description;
}

/** The operations and schemas: what differs here is easier to read than what follows from it. */
function namesIn({ paths, components: { schemas } }: Description): string[] {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return [...operations, ...Object.keys(schemas)].toSorted();
}

describe('The API description', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('is the committed docs/api/openapi.yaml (npm run docs:api writes it)', async () => {
    const [generated, committed] = [await descriptionOf(test), await committedDescription()];
    expect(namesIn(committed)).toEqual(namesIn(generated));
    expect(committed).toEqual(generated);
  });

  it('says everything of every route, those of extensions included', async () => {
    const { extensions } = await loadExtensions(undefined);
    const extended = await startApp(undefined, { extensions });
    try {
      expect(descriptionFaults(await descriptionOf(extended))).toEqual([]);
    } finally {
      await extended.close();
    }
  });

  it('gives no two operations one id', async () => {
    const { paths } = await descriptionOf(test);
    const ids = Object.values(paths).flatMap((item) => Object.values(item).map((operation) => operation?.operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

@Controller('bare')
class BareController {
  @Get()
  @Public()
  get() {
    return null;
  }

  @Get('closed')
  @Authenticated()
  getClosed() {
    return null;
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

describe('A route that says nothing of itself', () => {
  it('is named with what to add', async () => {
    const test = await startApp(undefined, {
      extensions: [defineExtension({ name: 'bare', api: '*', module: BareModule })],
    });
    try {
      const missing = ['/api/v1/bare', '/api/v1/bare/closed'].flatMap((path) => [
        `GET ${path}: add an operationId to @ApiOperation`,
        `GET ${path}: add a summary to @ApiOperation`,
        `GET ${path}: add a description to @ApiOperation`,
        `GET ${path}: add @ApiTags to the controller`,
        `GET ${path}: add @ApiAnswer`,
      ]);
      expect(descriptionFaults(await descriptionOf(test))).toEqual(missing);
    } finally {
      await test.close();
    }
  });
});
