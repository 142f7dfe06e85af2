import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readMatrix } from '../support/access-matrix.js';
import { SECRETS } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { failure } from '../support/shapes.js';
import { createStores, type Stores } from '../support/stores.js';

/** The routes that docs/access.md lists. The test of that document calls each of them. */
const ROUTES = readMatrix().map(({ route, reach }) => {
  const [method = '', path = ''] = route.split(' ');
  return {
    method,
    path: path.startsWith('/.well-known') ? path : `/api/v1${path}`,
    open: reach['no token'] !== 'none',
  };
});
const METHODS = new Set(['get', 'put', 'post', 'patch', 'delete']);
/** A leading `//` means that the path starts at the root, not at the base path. */
const PATHS = ['//', '//docs', '//openapi.json', '//openapi.yaml', '//openapi-3.0.json'];

describe('The explorer', () => {
  let stores: Stores;
  let app: SpawnedApp;
  // The API description, which tests read without a type.
  // oxlint-disable-next-line typescript/no-explicit-any
  let description: any;
  beforeAll(async () => {
    stores = await createStores();
    app = await spawnApp({ ...stores.env, ...SECRETS });
    description = (await app.api.get('//openapi.json')).body;
  });
  afterAll(async () => {
    await killPrograms();
    await stores.remove();
  });

  it('is a page at /docs that loads all its files from this server', async () => {
    const { status, headers, text } = await app.api.get('//docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const sources = [...text.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, source = '']) => source);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      const { pathname, origin } = new URL(source, `${app.api.origin}/docs`);
      expect(origin).toBe(app.api.origin);
      expect({ pathname, status: (await app.api.get(`/${pathname}`)).status }).toEqual({ pathname, status: 200 });
    }
  });

  it('is where the root leads, which is not counted', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await fetch(`${app.api.origin}/`, { method, redirect: 'manual' });
      expect({ method, status, location: headers.get('location') }).toEqual({ method, status: 302, location: '/docs' });
      expect(headers.get('ratelimit-limit')).toBeNull();
    }
    expect((await fetch(`${app.api.origin}/`, { method: 'POST' })).status).toBe(405);
  });

  it('is found with a slash behind it, and counts no path below it', async () => {
    const slash = await fetch(`${app.api.origin}/docs/`, { redirect: 'manual' });
    expect([slash.status, slash.headers.get('location')]).toEqual([302, '/docs']);
    const unknown = await app.api.get('//docs/unknown');
    expect([unknown.status, unknown.headers.get('ratelimit-limit')]).toEqual([404, null]);
  });

  it('works under the content security policy', async () => {
    const { headers, text } = await app.api.get('//docs');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    const inlineScripts = [...text.matchAll(/<script([^>]*)>/g)].filter(
      ([, attributes]) => !attributes?.includes('src='),
    );
    expect(inlineScripts).toEqual([]);
  });

  it('serves an OpenAPI 3.1 description as JSON and as YAML', async () => {
    const json = await app.api.get('//openapi.json');
    expect(json.status).toBe(200);
    expect(json.headers.get('content-type')).toMatch(/^application\/json/);
    expect(json.body.openapi).toMatch(/^3\.1\./);
    const yaml = await app.api.get('//openapi.yaml');
    expect(yaml.status).toBe(200);
    expect(yaml.text).toMatch(/^openapi: ["']?3\.1\./);
    for (const path of Object.keys(json.body.paths)) expect(yaml.text).toContain(`${path}:`);
  });

  it('serves the same description for generators that know no OpenAPI 3.1', async () => {
    const { status, body } = await app.api.get('//openapi-3.0.json');
    expect([status, body.openapi]).toEqual([200, '3.0.3']);
    expect(Object.keys(body.paths)).toEqual(Object.keys(description.paths));
    const { lastLogin } = body.components.schemas.UserResponse.properties;
    expect(lastLogin).toMatchObject({ type: 'string', format: 'date-time', nullable: true });
    // 3.0 has neither a list of types nor the type null.
    expect(JSON.stringify(body)).not.toMatch(/"type":(?:\[|"null")/);
  });

  it('describes every route and no other', () => {
    const described = Object.entries<object>(description.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => METHODS.has(key))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it('describes the access token and the cookie with a refresh token', () => {
    expect(description.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      refreshCookie: { type: 'apiKey', in: 'cookie', name: '__Host-refresh' },
    });
  });

  it.each(ROUTES)('says whether $method $path needs a token', ({ method, path, open }) => {
    const { security } = description.paths[path][method.toLowerCase()];
    const anonymous = security.some((scheme: object) => Object.keys(scheme).length === 0);
    expect(anonymous).toBe(open);
    expect(security).toContainEqual(open ? {} : { bearer: [] });
  });

  it.each(ROUTES)('gives $method $path a summary and a success response', ({ method, path }) => {
    const { summary, responses } = description.paths[path][method.toLowerCase()];
    expect(summary).toEqual(expect.any(String));
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
  });
});

describe('A request for the explorer or the API description', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  const production = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };

  it.each<[number, string, Record<string, string>]>([
    [404, 'with API_DOCS=false', { API_DOCS: 'false' }],
    [404, 'in production', production],
    [200, 'in production with API_DOCS=true', { ...production, API_DOCS: 'true' }],
  ])('is answered %i %s', async (expected, _, overrides) => {
    const { api } = await spawnApp({ ...stores.env, ...SECRETS, ...overrides });
    const answers: ApiAnswer[] = [];
    for (const path of PATHS) answers.push(await api.get(path));
    expect(answers.map(({ status }) => status)).toEqual(PATHS.map(() => expected));
    const refused = answers.filter(({ status }) => status === 404).map(({ body }): unknown => body);
    expect(refused).toEqual(refused.map(() => failure('RESOURCE_NOT_FOUND')));
  });
});

describe('Behind a proxy that strips a path', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it.each([
    ['https://example.com/accounts', '/accounts'],
    ['https://example.com/accounts/', '/accounts'],
    ['http://10.0.0.7:8443/teams/identity', '/teams/identity'],
    ['https://example.com', ''],
  ])('links, servers and the way to /docs follow PUBLIC_URL=%s', async (publicUrl, prefix) => {
    const { api } = await spawnApp({ ...stores.env, ...SECRETS, PUBLIC_URL: publicUrl });
    const root = await fetch(`${api.origin}/`, { redirect: 'manual' });
    expect(root.headers.get('location')).toBe(`${prefix}/docs`);
    const { body } = await api.get('//openapi.json');
    expect(body.servers).toEqual([{ url: publicUrl.replace(/\/$/, '') }]);
    const created = await api.post('/users', newAccount());
    expect(created.headers.get('location')).toBe(`${prefix}/api/v1/users/${created.body.data.user.id}`);
  });
});
