import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { apiError, ConnectionError } from '../../packages/client/src/errors.js';
import { Session } from '../../packages/client/src/session.js';
import type { Tokens } from '../../packages/client/src/storage.js';
import { MemoryStorage } from '../support/client-sessions.js';

const OLD = pair('old');
const NEW = pair('new');

function pair(name: string, sessionId = 'session'): Tokens {
  return { accessToken: `access-${name}`, refreshToken: `refresh-${name}`, sessionId };
}

function unauthorized(): Error {
  const refusal = { status: 401, code: 'UNAUTHORIZED', message: 'No', reason: 'invalid_token', requestId: 'r' };
  return apiError({ ...refusal, details: [], retryAfter: undefined });
}

/** A request that only this access token may make. */
function requestFor({ accessToken }: Tokens): (sent: string | undefined) => Promise<string> {
  return async (sent) => {
    if (sent !== accessToken) throw unauthorized();
    return 'served';
  };
}

describe('A session', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is adopted where a refresh is refused and another tab has stored a new pair', async () => {
    const storage = new MemoryStorage();
    const inOtherTab = new Session(storage.inOtherTab, async () => NEW);
    const session = new Session(storage, async () => {
      await inOtherTab.start(NEW);
      throw unauthorized();
    });
    await session.start(OLD);
    expect(await session.run(requestFor(NEW))).toBe('served');
    expect(JSON.parse(storage.content)).toEqual(NEW);
  });

  it('stays in the storage where a refresh gets no answer', async () => {
    const storage = new MemoryStorage();
    const session = new Session(storage, () => Promise.reject(new ConnectionError('The server did not answer')));
    await session.start(OLD);
    await expect(session.run(requestFor(NEW))).rejects.toBeInstanceOf(ConnectionError);
    expect(JSON.parse(storage.content)).toEqual(OLD);
  });

  it('ends where the cookie that it is refreshed with has become that of another login', async () => {
    const storage = new MemoryStorage();
    const session = new Session(storage, async () => pair('new', 'another'));
    await session.start(OLD);
    await expect(session.run(requestFor(NEW))).rejects.toMatchObject({ reason: 'invalid_token' });
    expect(storage.content).toBe('');
  });

  it('is given up where the storage has another pair at each read', async () => {
    let reads = 0;
    const storage = {
      getItem: () => JSON.stringify(pair(String((reads += 1)))),
      setItem: () => 0,
      removeItem: () => 0,
    };
    const session = new Session(storage, async () => NEW);
    await expect(session.run(requestFor(NEW))).rejects.toMatchObject({ reason: 'invalid_token' });
    expect(reads).toBeLessThan(10);
  });

  it('does not come back by a write that ends after the logout', async () => {
    jest.useFakeTimers();
    const storage = new MemoryStorage();
    const writes: (() => void)[] = [];
    const slow = Object.assign(storage.inOtherTab, {
      setItem: (key: string, value: string) =>
        new Promise<void>((done) => {
          writes.push(() => {
            storage.setItem(key, value);
            done();
          });
        }),
    });
    const session = new Session(slow, async () => NEW);
    const starting = session.start(OLD).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await starting).toMatchObject({ name: 'StorageError' });
    await session.end(async () => undefined);
    writes.forEach((write) => write());
    expect(JSON.parse(storage.content)).toEqual(OLD);
    await jest.advanceTimersByTimeAsync(0);
    expect(storage.content).toBe('');
  });
});
