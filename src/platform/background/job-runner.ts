import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from './background-task.js';
import { JOB_LEASE_MS, JobsRepository } from './jobs.repository.js';

/** How long (ms) a stop waits for a run under way; what it leaves undone, another instance takes up. */
const DRAIN_MS = 5_000;
const SHORTEST_POLL_MS = 250;
const LONGEST_POLL_MS = 5_000;
/** How long (ms) an instance runs a job after it last heard that the job is its own: then another may take it. */
const SURE_MS = JOB_LEASE_MS * 0.8;

/** Work that is done at intervals, on one instance at a time. */
export interface Job {
  /** @param signal aborts when the process stops, or when another instance may take over: the run should end soon */
  run(signal: AbortSignal): void | Promise<void>;
}

/** Runs the jobs of extensions: each at its interval, on one of the instances. */
@Injectable()
export class JobRunner implements OnModuleDestroy {
  private readonly logger = new Logger(JobRunner.name);
  private readonly holder = randomUUID();
  private readonly tasks: BackgroundTask[] = [];

  constructor(private readonly jobs: JobsRepository) {}

  /** @param name `<extension>.<name>` */
  async start(name: string, everyMs: number, job: Job): Promise<void> {
    await this.jobs.add(name, everyMs);
    const task = new BackgroundTask({
      name: `Looking whether the job ${name} is due`,
      everyMs: Math.max(SHORTEST_POLL_MS, Math.min(LONGEST_POLL_MS, everyMs / 4)),
      run: (stopping) => this.runIfDue(name, everyMs, job, stopping),
    });
    this.tasks.push(task);
    task.start();
  }

  /** Jobs get to know by their signal. */
  async onModuleDestroy(): Promise<void> {
    const stopped = Promise.all(this.tasks.map((task) => task.stop()));
    await Promise.race([stopped, sleep(DRAIN_MS, undefined, { ref: false })]);
  }

  private async runIfDue(name: string, everyMs: number, job: Job, stopping: AbortSignal): Promise<void> {
    if (!(await this.jobs.take(name, this.holder))) return;
    const lost = new AbortController();
    const stopHolding = this.hold(name, lost);
    const startedAt = performance.now();
    try {
      await job.run(AbortSignal.any([stopping, lost.signal]));
      this.logger.debug(`The job ${name} took ${Math.round(performance.now() - startedAt)} ms`);
    } catch (error) {
      this.logger.error(`The job ${name} failed`, error);
    } finally {
      stopHolding();
    }
    if (stopping.aborted) await this.jobs.release(name, this.holder);
    else if (!lost.signal.aborted) await this.jobs.finish(name, this.holder, everyMs);
  }

  /** Keeps the lease, and says when it may be lost. @returns what ends that */
  private hold(name: string, lost: AbortController): () => void {
    let sureUntil = performance.now() + SURE_MS;
    const timer = setInterval(() => {
      const askedAt = performance.now();
      if (askedAt > sureUntil) return lose();
      this.jobs.keep(name, this.holder).then(
        (kept) => (kept ? void (sureUntil = askedAt + SURE_MS) : lose()),
        () => undefined,
      );
    }, JOB_LEASE_MS / 5);
    const lose = () => {
      clearInterval(timer);
      this.logger.warn(`The job ${name} is stopped: another instance may run it`);
      lost.abort();
    };
    return () => clearInterval(timer);
  }
}
