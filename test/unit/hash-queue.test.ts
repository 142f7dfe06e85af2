import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { HashQueue, HashQueueFullError } from '../../src/passwords/hashing/hash-queue.js';
import { ClientGoneError } from '../../src/platform/request/waiting-line.js';

/** Jobs for the queue, each of which ends only when the test says so. */
function hashes(queue: HashQueue) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, signal?: AbortSignal) =>
    queue.run(() => {
      started.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    }, signal);
  return { started, run, end: (name: string) => ends.get(name)?.() };
}

describe('The queue for hashes', () => {
  it('runs as many as it may, and the others in the order they came, each when a place is free', async () => {
    const { started, run, end } = hashes(new HashQueue(2, 2));
    const answers = ['a', 'b', 'c', 'd'].map((name) => run(name));
    await nextTurn();
    expect(started).toEqual(['a', 'b']);
    end('b');
    await answers[1];
    expect(started).toEqual(['a', 'b', 'c']);
    end('a');
    await answers[0];
    end('c');
    end('d');
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses a hash at once when the line is full', async () => {
    const { started, run, end } = hashes(new HashQueue(1, 1));
    const [first, second] = [run('a'), run('b')];
    const refused = run('c');
    await expect(refused).rejects.toThrow(HashQueueFullError);
    await expect(refused).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(started).toEqual(['a']);
    end('a');
    await first;
    end('b');
    await second;
    expect(started).toEqual(['a', 'b']);
  });

  it('takes new hashes after it was full, and after a hash has failed', async () => {
    const queue = new HashQueue(1, 0);
    await expect(queue.run(() => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
    for (const name of ['a', 'b', 'c']) {
      const { run, end } = hashes(queue);
      const answer = run(name);
      await expect(run('x')).rejects.toThrow(HashQueueFullError);
      end(name);
      expect(await answer).toBe(name);
    }
  });

  it('admits a request that gave up its place again, even when the line is full', async () => {
    const queue = new HashQueue(1, 0);
    (await queue.enter()).free();
    const other = await queue.enter();
    await expect(queue.enter()).rejects.toThrow(HashQueueFullError);
    const again = queue.enterAgain();
    other.free();
    (await again).free();
    expect(await queue.enter()).toBeDefined();
  });

  it('drops a client that hangs up while waiting, and gives its place in line to another', async () => {
    const { started, run, end } = hashes(new HashQueue(1, 1));
    const client = new AbortController();
    const first = run('a');
    const gone = run('b', client.signal);
    await expect(run('c')).rejects.toThrow(HashQueueFullError);
    client.abort();
    await expect(gone).rejects.toThrow(ClientGoneError);
    const last = run('d');
    end('a');
    await first;
    end('d');
    await last;
    expect(started).toEqual(['a', 'd']);
  });

  it('keeps the place of a client that hangs up during its hash until the hash ends', async () => {
    const { started, run, end } = hashes(new HashQueue(1, 1));
    const client = new AbortController();
    const first = run('a', client.signal);
    const second = run('b');
    await nextTurn();
    client.abort();
    await expect(run('c')).rejects.toThrow(HashQueueFullError);
    expect(started).toEqual(['a']);
    end('a');
    expect(await first).toBe('a');
    expect(started).toEqual(['a', 'b']);
    end('b');
    await second;
  });

  it('does not start a hash for a client that has hung up before', async () => {
    const { started, run } = hashes(new HashQueue(1, 1));
    await expect(run('a', AbortSignal.abort())).rejects.toThrow(ClientGoneError);
    expect(started).toEqual([]);
  });

  it('does not run more than it may when one ends while others come', async () => {
    const queue = new HashQueue(2, 1_000);
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        if (index % 3 === 0) await Promise.resolve();
        await queue.run(async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
        });
      }),
    );
    expect(most).toBe(2);
  });

  it('admits as many requests as may hash, and as many again; the others in their order', async () => {
    const queue = new HashQueue(1, 10);
    const admitted: string[] = [];
    const enter = (name: string, signal?: AbortSignal) =>
      queue.enter(signal).then((place) => {
        admitted.push(name);
        return place;
      });
    const places = ['a', 'b', 'c', 'd'].map((name) => enter(name));
    await nextTurn();
    expect(admitted).toEqual(['a', 'b']);
    (await places[0])?.free();
    (await places[0])?.free();
    await nextTurn();
    expect(admitted).toEqual(['a', 'b', 'c']);
  });

  it('frees a place when its hash ends, and runs a second hash of the same request without a new one', async () => {
    const queue = new HashQueue(1, 1);
    const [place, other] = [await queue.enter(), await queue.enter()];
    await expect(queue.enter()).rejects.toThrow(HashQueueFullError);
    await queue.run(async () => undefined, undefined, place);
    const third = await queue.enter();
    expect(await queue.run(async () => 'upgraded', undefined, place)).toBe('upgraded');
    for (const held of [other, third]) held.free();
    await Promise.all([queue.enter(), queue.enter()]);
    await expect(queue.enter()).rejects.toThrow(HashQueueFullError);
  });

  it('counts admitted requests that have not begun to hash as waiting', async () => {
    const queue = new HashQueue(1, 2);
    const all = Array.from({ length: 3 }, () => queue.enter());
    await expect(queue.enter()).rejects.toThrow(HashQueueFullError);
    (await all[0])?.free();
    await Promise.all(all);
  });
});
