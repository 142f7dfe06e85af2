import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { send } from '../../packages/client/src/transport.js';

const REFUSAL = JSON.stringify({
  success: false,
  error: { code: 'RATE_LIMIT_EXCEEDED', message: 'm', requestId: 'r' },
});

describe('Retry-After', () => {
  const { fetch } = globalThis;
  let sentAt: number[];
  beforeEach(() => {
    sentAt = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    globalThis.fetch = fetch;
    jest.useRealTimers();
  });

  it.each([
    ['2', 2],
    ['0', 1],
    ['', 1],
    ['-5', 1],
    ['1.5', 1],
    ['1, 2', 1],
    ['junk', 1],
  ])('"%s" makes a request wait for %i s, four times', async (value, seconds) => {
    globalThis.fetch = async () => {
      sentAt.push(Date.now());
      return new Response(REFUSAL, { status: 429, headers: { 'retry-after': value } });
    };
    const sending = send(new Request('http://host/'), { timeoutMs: 1_000 }).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(await sending).toMatchObject({ name: 'RateLimitError' });
    const pauses = sentAt.slice(1).map((time, index) => Math.floor((time - (sentAt[index] ?? 0)) / 1_000));
    expect(pauses).toEqual(Array(4).fill(seconds));
  });
});
