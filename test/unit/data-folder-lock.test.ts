import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataFolderInUseError, DataFolderLock } from '../../src/platform/postgres/data-folder-lock.js';
import { StartupError } from '../../src/platform/errors/index.js';

describe('The data folder lock', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'uma-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('creates a missing folder', async () => {
    const lock = await DataFolderLock.acquire(join(folder, 'new', 'data'));
    expect(await readdir(join(folder, 'new'))).toEqual(['data']);
    await lock.release();
  });

  it('has one holder at a time, and can be acquired again after its release', async () => {
    const first = await DataFolderLock.acquire(folder);
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(DataFolderInUseError);
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(
      `The data folder ${folder} is in use by another process: stop the server first.`,
    );
    await first.release();
    const second = await DataFolderLock.acquire(folder);
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(DataFolderInUseError);
    await second.release();
  });

  it('is acquired by at most one of ten concurrent attempts', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 10 }, () => DataFolderLock.acquire(folder)));
    const held = asked.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    expect(held.length).toBeLessThanOrEqual(1);
    const refusals = asked.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refusals).toEqual(refusals.map(() => expect.any(DataFolderInUseError)));
    await Promise.all(held.map((lock) => lock.release()));
    await (await DataFolderLock.acquire(folder)).release();
  });

  it('can be taken over from a killed process, whose socket files are then removed', async () => {
    // A killed process leaves socket files that no process listens on.
    await writeFile(join(folder, 'lock-1.sock'), '');
    await writeFile(join(folder, 'lock-7.sock'), '');
    const lock = await DataFolderLock.acquire(folder);
    expect(await readdir(folder)).toEqual(['lock-8.sock']);
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(DataFolderInUseError);
    await lock.release();
  });

  it('locks only its own folder', async () => {
    const locks = [
      await DataFolderLock.acquire(join(folder, 'one')),
      await DataFolderLock.acquire(join(folder, 'two')),
    ];
    expect(locks).toHaveLength(2);
    await Promise.all(locks.map((lock) => lock.release()));
  });

  it('reports a path that is too long for its socket', async () => {
    const long = join(folder, 'x'.repeat(120));
    await expect(DataFolderLock.acquire(long)).rejects.toThrow(StartupError);
    await expect(DataFolderLock.acquire(long)).rejects.toThrow(/too long: 103 bytes at most/);
  });
});
