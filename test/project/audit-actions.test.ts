import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { AUDIT_ACTIONS } from '../../src/audit/audit-actions.js';

/** An action as the code writes it: the type argument of an event, or the member of a record. */
const ACTION = /(?:<|\| |action: |note\()'([a-z]+\.[a-z_]+)'/g;

it('lists every audit action that the code records', async () => {
  // The template of an extension records an action of its own.
  const files = (await readdir('src', { recursive: true })).filter((file) => /^(?!commands).*\.ts$/.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join('src', file), 'utf8')));
  const actions = texts.flatMap((text) => [...text.matchAll(ACTION)].map(([, action]) => action));
  expect(new Set(AUDIT_ACTIONS)).toEqual(new Set(actions));
});
