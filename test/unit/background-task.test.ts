import { Logger, type LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackgroundTask } from '../../src/platform/background/index.js';

const HOUR_MS = 60 * 60_000;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

describe('A background task', () => {
  const warnings: unknown[] = [];
  let task: BackgroundTask;
  let runs: number;
  beforeEach(() => {
    warnings.length = 0;
    runs = 0;
    const recorder = { log() {}, error() {}, warn: (line: unknown) => void warnings.push(line) } as LoggerService;
    Logger.overrideLogger(recorder);
  });
  afterEach(() => task.stop());

  const start = (everyMs: number, run: (signal: AbortSignal) => Promise<unknown>) => {
    task = new BackgroundTask({ name: 'Counting', everyMs, run });
    task.start();
  };

  it('runs repeatedly', async () => {
    start(5, async () => (runs += 1));
    await until(() => runs >= 3);
    expect(warnings).toEqual([]);
  });

  it('never runs twice at once, however often it is woken', async () => {
    let underWay = 0;
    let most = 0;
    start(1, async () => {
      most = Math.max(most, (underWay += 1));
      await sleep(5);
      underWay -= 1;
      runs += 1;
    });
    await until(() => {
      task.wake();
      return runs >= 5;
    });
    expect(most).toBe(1);
  });

  it('runs early when it is woken, but only once for several wake-ups', async () => {
    start(HOUR_MS, async () => (runs += 1));
    for (let count = 0; count < 10; count += 1) task.wake(5);
    await sleep(50);
    expect(runs).toBe(1);
  });

  it('runs once more when it is woken during a run', async () => {
    start(HOUR_MS, async () => {
      await sleep(5);
      runs += 1;
    });
    task.wake();
    await sleep(2);
    task.wake();
    await until(() => runs === 2);
    await sleep(20);
    expect(runs).toBe(2);
  });

  it('logs a failure in one line, and does not run again before its regular time', async () => {
    start(HOUR_MS, async () => {
      runs += 1;
      throw new Error('The disk is full');
    });
    task.wake();
    await until(() => warnings.length > 0);
    task.wake();
    await sleep(20);
    expect([runs, warnings]).toEqual([1, ['Counting failed and is tried again every 3600 s']]);
  });

  it('logs only the first of several failures, until a run succeeds', async () => {
    start(1, async () => {
      runs += 1;
      if (runs !== 4) throw new Error('The disk is full');
    });
    await until(() => runs >= 8);
    expect(warnings).toHaveLength(2);
  });

  it('aborts the current run when it is stopped, and waits for that run to end', async () => {
    let ended = false;
    start(HOUR_MS, async (signal) => {
      runs += 1;
      while (!signal.aborted) await sleep(1);
      await sleep(10);
      ended = true;
    });
    task.wake();
    await until(() => runs === 1);
    await task.stop();
    expect(ended).toBe(true);
    task.wake();
    await sleep(20);
    expect(runs).toBe(1);
  });
});
