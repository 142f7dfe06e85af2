import { describe, expect, it } from '@jest/globals';
import { HashQueue, HashQueueFullError } from '../../src/passwords/hashing/hash-queue.js';
import { ClientGoneError } from '../../src/platform/limits/waiting-line.js';

/** Hashes that end when they are told to. */
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

  it('refuses at once what finds no place to wait', async () => {
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

  it('takes new ones after it was full, and after a hash has failed', async () => {
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

  it('forgets who hangs up while waiting, and lets another take the place', async () => {
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

  it('frees the place of who hangs up during the hash only when the hash is over', async () => {
    const { started, run, end } = hashes(new HashQueue(1, 1));
    const client = new AbortController();
    const first = run('a', client.signal);
    const second = run('b');
    client.abort();
    await expect(run('c')).rejects.toThrow(HashQueueFullError);
    expect(started).toEqual(['a']);
    end('a');
    expect(await first).toBe('a');
    expect(started).toEqual(['a', 'b']);
    end('b');
    await second;
  });

  it('does not begin with who has hung up before', async () => {
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
});
