import { ConnectionError } from './errors.js';
import { inTime } from './time.js';

/**
 * Yields the lines of a body as they arrive. To stop early ends the connection.
 *
 * @param timeoutMs the milliseconds to wait for each piece
 * @throws ConnectionError where the connection is lost, or the next piece takes too long
 */
export async function* lines({ body }: Response, timeoutMs: number): AsyncGenerator<string, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), timeoutMs).catch((cause: unknown) => {
        throw new ConnectionError('The answer was cut off', { cause });
      });
      rest += decoder.decode(value, { stream: !done });
      const whole = rest.split('\n');
      rest = done ? '' : (whole.pop() ?? '');
      yield* whole.filter((line) => line !== '');
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
