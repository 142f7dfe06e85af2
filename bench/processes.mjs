// Reads the CPU time and memory of processes from Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux reports CPU time in ticks of USER_HZ: 100 per second on every architecture that Node supports. */
const MS_PER_TICK = 10;
const SETTLE_STEP_MS = 100;
const SETTLE_MAX_STEPS = 30;

/** CPU time (ms) of a process, including all its threads. */
export function cpuMs(pid) {
  const { user, system } = cpuTicks(pid);
  return (user + system) * MS_PER_TICK;
}

export function residentMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/**
 * CPU time (ms) of all PostgreSQL processes on this machine. Processes that have ended are included: Linux adds their
 * time to the postmaster, their parent.
 *
 * @returns `undefined` when PostgreSQL runs on another machine
 */
export function postgresCpuMs() {
  let ticks = 0;
  let found = false;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'postgres') continue;
      const { user, system, endedChildren } = cpuTicks(pid);
      ticks += user + system + endedChildren;
      found = true;
    } catch {
      // The process ended before its file under /proc was read.
    }
  }
  return found ? ticks * MS_PER_TICK : undefined;
}

/** Waits, for up to three seconds, until a server has finished the requests in progress and is idle. */
export async function settle(pid) {
  let before = cpuMs(pid);
  for (let step = 0; step < SETTLE_MAX_STEPS; step += 1) {
    await sleep(SETTLE_STEP_MS);
    const now = cpuMs(pid);
    if (now - before <= MS_PER_TICK) return;
    before = now;
  }
}

/** Ticks from /proc/<pid>/stat (see proc(5)). The process name may contain spaces, so fields are counted after it. */
function cpuTicks(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
  return { user, system, endedChildren: endedUser + endedSystem };
}
