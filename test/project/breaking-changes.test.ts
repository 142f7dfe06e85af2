import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { compareOpenApi } from 'api-smart-diff';
import { parse } from 'yaml';
import { type Description, description } from '../support/description.js';

/** What would break a client of the earlier description, one line each. */
function breakingChanges(earlier: Description, later: Description): string[] {
  const found = compareOpenApi(earlier, later, {})
    .diffs.filter(({ type, action, path }) => type === 'breaking' && !(action === 'add' && isOpenEnum(path)))
    .map(({ action, path, description: words }) => `${words ?? action}: ${path.join(' ')}`);
  return [...found, ...lostPromises(earlier, later)];
}

/** What the comparison of schemas does not know: names of generated functions, who may call, closed requests, addresses. */
function lostPromises(earlier: Description, later: Description): string[] {
  const routes = Object.entries(earlier.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      const now = later.paths[path]?.[method];
      return operation === undefined || now === undefined ? [] : [{ route: `${method} ${path}`, was: operation, now }];
    }),
  );
  const kept = ['operationId', 'x-access', 'security'] as const;
  const others = routes.flatMap(({ route, was, now }) =>
    kept
      .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(now[name]))
      .map((name) => `${route} has another ${name}`),
  );
  const closed = Object.entries(earlier.components.schemas).flatMap(([name, { properties = {} }]) => {
    const now: object = later.components.schemas[name]?.['properties'] ?? {};
    return name.endsWith('Request')
      ? Object.keys(properties as object)
          .filter((property) => !(property in now))
          .map((property) => `${name} no longer takes ${property}`)
      : [];
  });
  const moved = JSON.stringify(earlier.servers) === JSON.stringify(later.servers) ? [] : ['The servers are others'];
  return [...others, ...closed, ...moved];
}

/** A value of an enum whose schema takes other values, too. */
function isOpenEnum(path: readonly PropertyKey[]): boolean {
  return path.at(-2) === 'enum' && path.at(-4) === 'anyOf';
}

// At a release, `cp docs/api/openapi.yaml docs/api/released.yaml`.
it('breaks nothing that the last release had (docs/api/released.yaml)', async () => {
  const released = parse(await readFile('docs/api/released.yaml', 'utf8')) as Description;
  expect(breakingChanges(released, description)).toEqual([]);
});

// oxlint-disable-next-line typescript/no-explicit-any
type Editable = any;

/** What a change of the description would break. */
function changed(change: (copy: Editable) => void): string[] {
  const copy = structuredClone(description);
  change(copy);
  return breakingChanges(description, copy);
}

describe('A change of the description', () => {
  it.each<[string, (copy: Editable) => void]>([
    ['an operation that goes', ({ paths }) => delete paths['/api/v1/roles'].post],
    [
      'a field that becomes required',
      ({ components }) => components.schemas.CreateUserRequest.required.push('firstName'),
    ],
    ['a field that an answer loses', ({ components }) => delete components.schemas.UserResponse.properties.bio],
    [
      'a field of another type',
      ({ components }) => (components.schemas.TokenResponse.properties.expiresIn.type = 'string'),
    ],
    [
      'a value that is taken no longer',
      ({ components }) => components.schemas.SetStatusRequest.properties.status.enum.pop(),
    ],
    ['a shorter text', ({ components }) => (components.schemas.CreateUserRequest.properties.username.maxLength = 20)],
    ['another operation id', ({ paths }) => (paths['/api/v1/roles'].get.operationId = 'roles')],
    ['another permission', ({ paths }) => (paths['/api/v1/roles'].get['x-access'] = 'roles:manage')],
    ['a token where none was needed', ({ paths }) => (paths['/api/v1/auth/login'].post.security = [{ bearer: [] }])],
    ['a field that is taken no longer', ({ components }) => delete components.schemas.UpdateUserRequest.properties.bio],
    ['another address', ({ servers }) => (servers[0].url = '/v2')],
    ['a status that goes', ({ paths }) => delete paths['/api/v1/users/{id}'].delete.responses['204']],
  ])('breaks clients: %s', (_what, change) => {
    expect(changed(change)).not.toEqual([]);
  });

  it.each<[string, (copy: Editable) => void]>([
    ['a new operation', ({ paths }) => (paths['/api/v1/teams'] = { get: paths['/api/v1/roles'].get })],
    [
      'a new field of an answer',
      ({ components }) => (components.schemas.UserResponse.properties.team = { type: 'string' }),
    ],
    [
      'a new optional field of a request',
      ({ components }) => (components.schemas.CreateUserRequest.properties.team = { type: 'string' }),
    ],
    [
      'a new audit action',
      ({ components }) => components.schemas.AuditEntryResponse.properties.action.anyOf[0].enum.push('team.created'),
    ],
    [
      'a new permission',
      ({ components }) => components.schemas.PermissionResponse.properties.name.anyOf[0].enum.push('teams:read'),
    ],
    ['a new code', ({ components }) => components.schemas.ErrorContent.properties.code.anyOf[0].enum.push('TEAM_FULL')],
    ['another example', ({ components }) => (components.schemas.UserResponse.properties.bio.example = 'Another')],
    ['another summary', ({ paths }) => (paths['/api/v1/roles'].get.summary = 'Another')],
  ])('breaks no client: %s', (_what, change) => {
    expect(changed(change)).toEqual([]);
  });
});
