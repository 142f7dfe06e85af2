import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 50;

/** Waits until `isSo` resolves to true; fails if it does not within the time. */
export async function waitUntil(what: string, isSo: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(INTERVAL_MS);
  }
}

/** Waits until `expectations` hold; fails as they do if they still do not after the time. */
export async function eventually(expectations: () => void | Promise<void>, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      await expectations();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(INTERVAL_MS);
    }
  }
}
