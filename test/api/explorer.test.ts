import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { ROUTES } from '../support/routes.js';
import { failure } from '../support/shapes.js';
import { createStores, type Stores } from '../support/stores.js';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
/** `//` begins a path of the root. */
const PATHS = ['//docs', '//openapi.json', '//openapi.yaml'];

describe('The explorer', () => {
  let test: TestApp;
  // A description of the API, read freely.
  // oxlint-disable-next-line typescript/no-explicit-any
  let description: any;
  beforeAll(async () => {
    test = await startApp();
    description = (await test.api.get('//openapi.json')).body;
  });
  afterAll(() => test.close());

  it('is a page at /docs, and brings what it loads', async () => {
    const { status, headers, text } = await test.api.get('//docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const sources = [...text.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, source = '']) => source);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      const { pathname, origin } = new URL(source, `${test.api.origin}/docs`);
      expect(origin).toBe(test.api.origin);
      expect({ pathname, status: (await test.api.get(`/${pathname}`)).status }).toEqual({ pathname, status: 200 });
    }
  });

  it('is not kept from working by the security policy', async () => {
    const { headers, text } = await test.api.get('//docs');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    const inlineScripts = [...text.matchAll(/<script([^>]*)>/g)].filter(([, attributes]) => !attributes?.includes('src='));
    expect(inlineScripts).toEqual([]);
  });

  it('stands on an OpenAPI 3.1 description, as JSON and as YAML', async () => {
    const json = await test.api.get('//openapi.json');
    expect(json.status).toBe(200);
    expect(json.headers.get('content-type')).toMatch(/^application\/json/);
    expect(json.body.openapi).toMatch(/^3\.1\./);
    const yaml = await test.api.get('//openapi.yaml');
    expect(yaml.status).toBe(200);
    expect(yaml.text).toMatch(/^openapi: ["']?3\.1\./);
    for (const path of Object.keys(json.body.paths)) expect(yaml.text).toContain(`${path}:`);
  });

  it('describes every route there is, and no other', () => {
    const described = Object.entries<object>(description.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => METHODS.includes(key))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it('describes bearer authentication', () => {
    expect(description.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
  });

  it.each(ROUTES)('says whether $method $path needs a token', ({ method, path, public: open }) => {
    const { security } = description.paths[path][method.toLowerCase()];
    const anonymous = security.some((scheme: object) => Object.keys(scheme).length === 0);
    expect(anonymous).toBe(open);
    if (!open) expect(security).toEqual([{ bearer: [] }]);
  });

  it.each(ROUTES)('gives $method $path a summary and a success', ({ method, path }) => {
    const { summary, responses } = description.paths[path][method.toLowerCase()];
    expect(summary).toEqual(expect.any(String));
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
  });
});

describe('Whether there is an explorer', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterAll(() => stores.remove());

  const STRONG_HASHES = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };

  it.each<[number, string, Record<string, string>]>([
    [404, 'with API_DOCS=false', { API_DOCS: 'false' }],
    [404, 'in production', { NODE_ENV: 'production', ...STRONG_HASHES }],
    [200, 'in production with API_DOCS=true', { NODE_ENV: 'production', API_DOCS: 'true', ...STRONG_HASHES }],
  ])('is answered %i %s', async (expected, _, overrides) => {
    const test = await startApp(overrides, stores);
    const answers: ApiAnswer[] = [];
    for (const path of PATHS) answers.push(await test.api.get(path));
    await test.close();
    expect(answers.map(({ status }) => status)).toEqual(PATHS.map(() => expected));
    if (expected === 404) for (const { body } of answers) expect(body).toEqual(failure('RESOURCE_NOT_FOUND'));
  });
});
