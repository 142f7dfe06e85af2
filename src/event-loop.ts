import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { Logger } from '@nestjs/common';

/** By so much nicer, a thread leaves nine tenths of a core that both want to the event loop (sched(7)). */
const NICER_BY = 10;
const NICEST = 19;

/**
 * Puts the event loop before the other threads of this process, such as those that hash passwords: a flood of logins is
 * not to keep it waiting for a core. To be called when all of them have been started.
 */
export function favourEventLoop(): void {
  // The event loop would wait for the helpers of a parallel collection, and they for a core: up to 20 ms at a time.
  setFlagsFromString('--no-parallel-scavenge');
  // Elsewhere a priority is a whole process's (setpriority(2), "C library/kernel differences").
  if (process.platform !== 'linux') return;
  try {
    const niceness = Math.min(getPriority() + NICER_BY, NICEST);
    const threads = readdirSync('/proc/self/task').map(Number);
    for (const thread of threads) if (thread !== process.pid) setPriority(thread, niceness);
  } catch (error) {
    new Logger('Server').warn(`Not all threads give way to the event loop: ${String(error)}`);
  }
}
