import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { Logger } from '@nestjs/common';

/** Of a core that both want, a thread of this niceness leaves nine tenths to one of none (sched(7)). */
const NICENESS = 10;

/**
 * Puts the event loop before the other threads of this process, which hash passwords and collect garbage: a flood of
 * logins is not to keep it waiting for a core. To be called when all of them have been started.
 */
export function favourEventLoop(): void {
  // It would wait for the helpers of a parallel collection, and they for a core: up to 20 ms at a time.
  setFlagsFromString('--no-parallel-scavenge');
  // Elsewhere a priority is a whole process's (setpriority(2), "C library/kernel differences").
  if (process.platform !== 'linux') return;
  try {
    const threads = readdirSync('/proc/self/task').map(Number);
    for (const thread of threads) if (thread !== process.pid) setPriority(thread, NICENESS);
  } catch (error) {
    new Logger('Server').debug(`The event loop is not put before other threads: ${String(error)}`);
  }
}
