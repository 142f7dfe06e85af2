// Processor time and memory of processes, as Linux counts them.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux reports processor time in ticks of USER_HZ, which is 100 a second on every architecture that Node runs on. */
const MS_PER_TICK = 10;
const SETTLE_STEP_MS = 100;
const SETTLE_MAX_STEPS = 30;

/** Milliseconds of processor time of a process with all its threads. */
export function cpuMs(pid) {
  const { user, system } = times(pid);
  return (user + system) * MS_PER_TICK;
}

export function residentMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/**
 * Milliseconds of processor time of all processes of PostgreSQL on this machine, those that have ended included:
 * their time stands with the postmaster that waited for them.
 *
 * @returns `undefined` when PostgreSQL runs elsewhere
 */
export function postgresCpuMs() {
  let ticks = 0;
  let found = false;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'postgres') continue;
      const { user, system, endedChildren } = times(pid);
      ticks += user + system + endedChildren;
      found = true;
    } catch {
      // It ended while it was looked at.
    }
  }
  return found ? ticks * MS_PER_TICK : undefined;
}

/** Waits until a server has finished what was still in flight when its load ended; three seconds at most. */
export async function settle(pid) {
  let before = cpuMs(pid);
  for (let step = 0; step < SETTLE_MAX_STEPS; step += 1) {
    await sleep(SETTLE_STEP_MS);
    const now = cpuMs(pid);
    if (now - before <= MS_PER_TICK) return;
    before = now;
  }
}

/** Ticks from /proc/<pid>/stat (proc(5)). The name in parentheses may hold spaces, so counting starts behind it. */
function times(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
  return { user, system, endedChildren: endedUser + endedSystem };
}
