import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { compareOpenApi } from 'api-smart-diff';
import { parse } from 'yaml';
import { description, type Json } from '../support/description.js';

/** What would break a client of the earlier description, one line each. */
function breakingChanges(earlier: object, later: object): string[] {
  return compareOpenApi(earlier, later, {})
    .diffs.filter(({ type, action, path }) => type === 'breaking' && !(action === 'add' && isOpenEnum(path)))
    .map(({ action, path, description: words }) => `${words ?? action}: ${path.join(' ')}`);
}

/** A value of an enum whose schema takes other values, too. */
function isOpenEnum(path: readonly PropertyKey[]): boolean {
  return path.at(-2) === 'enum' && path.at(-4) === 'anyOf';
}

// At a release, `cp docs/api/openapi.yaml docs/api/released.yaml`.
it('breaks nothing that the last release had (docs/api/released.yaml)', async () => {
  const released: object = parse(await readFile('docs/api/released.yaml', 'utf8'));
  expect(breakingChanges(released, description)).toEqual([]);
});

// oxlint-disable-next-line typescript/no-explicit-any
type Editable = any;

/** What a change of the description would break. */
function changed(change: (copy: Editable) => void): string[] {
  const copy: Json = structuredClone(description) as unknown as Json;
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
    ['a new code', ({ components }) => components.schemas.ErrorContent.properties.code.anyOf[0].enum.push('TEAM_FULL')],
    ['another example', ({ components }) => (components.schemas.UserResponse.properties.bio.example = 'Another')],
    ['another summary', ({ paths }) => (paths['/api/v1/roles'].get.summary = 'Another')],
  ])('breaks no client: %s', (_what, change) => {
    expect(changed(change)).toEqual([]);
  });
});
