import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../src/audit/audit-entry.js';
import { canonicalJson, genesis, hashOf, monthAfter, monthOf } from '../../src/audit/chain/chain.js';
import { type Checkpoint, isGenuine, publicKeyText, signCheckpoint } from '../../src/audit/chain/checkpoint.js';
import { ExportVerifier } from '../../src/audit/chain/export-verifier.js';
import { uuidV7 } from '../../src/platform/database/uuid-v7.js';

const MONTH = '2026-11';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const TRUSTED = new Set([publicKeyText(publicKey)]);

function newEntry(minute: number): AuditEntry {
  return {
    id: uuidV7(),
    time: `2026-11-24T20:${String(minute).padStart(2, '0')}:00.000Z`,
    action: 'user.updated',
    outcome: 'success',
    actor: { id: null, type: 'system', sessionId: null },
    target: { type: 'user', id: 'x' },
    ip: null,
    userAgent: null,
    requestId: null,
    changes: { bio: { before: null, after: 'é' } },
    reason: null,
    count: 1,
  };
}

/** Creates `count` lines of an audit export that form one hash chain, and a checkpoint of the last line. */
function newExport(count: number) {
  let { sequence, hash } = genesis(MONTH);
  const entries = Array.from({ length: count }, (_, index) => newEntry(index));
  const lines = entries.map((entry) => {
    hash = hashOf(hash, entry);
    sequence += 1;
    return JSON.stringify({ ...entry, link: { month: MONTH, sequence, hash: hash.toString('hex') } });
  });
  const checkpoint: Checkpoint = {
    id: uuidV7(),
    kind: 'open',
    month: MONTH,
    sequence,
    hash: hash.toString('hex'),
    entryId: entries.at(-1)?.id ?? '',
    time: `2026-11-24T20:${String(count - 1).padStart(2, '0')}:00.500Z`,
    previous: null,
  };
  return { entries, lines, checkpoint: signCheckpoint(checkpoint, privateKey) };
}

/** @returns the id of the first entry that breaks the chain */
function verify(lines: readonly string[], held: ConstructorParameters<typeof ExportVerifier>[0] = [], keys = TRUSTED) {
  const verifier = new ExportVerifier(held, keys);
  for (const line of lines) {
    const invalid = verifier.read(line);
    if (invalid !== undefined) return invalid;
  }
  return verifier.end();
}

describe('Canonical JSON', () => {
  it.each([
    [{ b: 1, a: { d: null, c: [true, 'x'] } }, '{"a":{"c":[true,"x"],"d":null},"b":1}'],
    [
      { '\u20ac': 1, '\r': 2, '1': 3, '\u00f6': 4, '\ud83d\ude00': 5, '\ufb33': 6 },
      '{"\\r":2,"1":3,"\u00f6":4,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":6}',
    ],
    [{ gone: undefined, kept: 1e21, small: 1e-7 }, '{"kept":1e+21,"small":1e-7}'],
    ['lone', '"lone"'],
  ])('writes %j as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

describe('Months', () => {
  it('follow each other across the end of a year', () => {
    expect(monthAfter('2026-12')).toBe('2027-01');
    expect(monthAfter('2026-01')).toBe('2026-02');
    expect(monthOf(new Date('2026-12-31T23:59:59.999Z'))).toBe('2026-12');
  });
});

describe('A checkpoint', () => {
  const { checkpoint } = newExport(2);

  it('is genuine only when a trusted key has signed it', () => {
    expect(isGenuine(checkpoint, TRUSTED)).toBe(true);
    expect(isGenuine(checkpoint, new Set())).toBe(false);
    expect(isGenuine(checkpoint, new Set([publicKeyText(generateKeyPairSync('ed25519').publicKey)]))).toBe(false);
  });

  it.each(['kind', 'month', 'sequence', 'hash', 'entryId', 'time', 'previous'])('reveals a changed %s', (field) => {
    expect(isGenuine({ ...checkpoint, [field]: 'other' }, TRUSTED)).toBe(false);
  });
});

describe('The verification of an export', () => {
  it('accepts an unchanged export, with and without its checkpoint', () => {
    const { lines, checkpoint } = newExport(5);
    expect(verify(lines)).toBeUndefined();
    expect(verify(lines, [checkpoint])).toBeUndefined();
  });

  it('names the first entry that no longer fits when one is edited, removed, repeated or moved', () => {
    const { lines, entries } = newExport(5);
    const [, , third = '', fourth = ''] = lines;
    expect(verify(lines.with(2, third.replace('é', 'e')))).toBe(entries[2]?.id);
    expect(verify(lines.toSpliced(2, 1))).toBe(entries[3]?.id);
    expect(verify(lines.toSpliced(2, 0, third))).toBe(entries[2]?.id);
    expect(verify(lines.with(2, fourth).with(3, third))).toBe(entries[3]?.id);
  });

  it('refuses a rebuilt chain that does not lead to the checkpoint', () => {
    const [{ checkpoint }, { lines, entries }] = [newExport(5), newExport(7)];
    expect(verify(lines, [checkpoint])).toBe(entries[4]?.id);
  });

  it('refuses a checkpoint that an untrusted key has signed', () => {
    const { lines, checkpoint, entries } = newExport(5);
    expect(verify(lines, [checkpoint], new Set())).toBe(entries[4]?.id);
  });

  it('counts the linked entries, the entries not linked yet, and the checkpoints newer than the export', () => {
    const { lines, checkpoint } = newExport(5);
    const verifier = new ExportVerifier([checkpoint], TRUSTED);
    for (const line of lines.slice(0, 3)) verifier.read(line);
    verifier.read(JSON.stringify({ ...newEntry(9), link: null }));
    expect(verifier.end()).toBeUndefined();
    expect([verifier.entries, verifier.unlinked, verifier.newer]).toEqual([3, 1, 1]);
  });
});
