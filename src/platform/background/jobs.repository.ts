import { Injectable } from '@nestjs/common';
import { PrismaService } from '#platform/database';

/** How long (ms) a job belongs to the instance that runs it, unless that instance says that it is still at it. */
export const JOB_LEASE_MS = 15_000;

/** The table of jobs. Times are the database's. */
@Injectable()
export class JobsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Makes a job known; its first run is due after the interval. */
  async add(name: string, everyMs: number): Promise<void> {
    await this.prisma.$executeRaw`
      INSERT INTO jobs (name, next_run_at) VALUES (${name}, clock_timestamp() + ${everyMs} * INTERVAL '1 millisecond')
      ON CONFLICT (name) DO UPDATE SET next_run_at = LEAST(jobs.next_run_at, EXCLUDED.next_run_at)`;
  }

  /** Takes a job that is due and that no instance runs. @returns whether it did */
  async take(name: string, holder: string): Promise<boolean> {
    const taken = await this.prisma.$executeRaw`
      UPDATE jobs
      SET locked_by = ${holder}::uuid, locked_until = clock_timestamp() + ${JOB_LEASE_MS} * INTERVAL '1 millisecond'
      WHERE name = ${name} AND next_run_at <= clock_timestamp()
        AND (locked_until IS NULL OR locked_until < clock_timestamp())`;
    return taken > 0;
  }

  /** Says that the holder still runs it. @returns whether the job is still the holder's */
  async keep(name: string, holder: string): Promise<boolean> {
    const kept = await this.prisma.$executeRaw`
      UPDATE jobs SET locked_until = clock_timestamp() + ${JOB_LEASE_MS} * INTERVAL '1 millisecond'
      WHERE name = ${name} AND locked_by = ${holder}::uuid AND locked_until > clock_timestamp()`;
    return kept > 0;
  }

  /** The next run is due an interval after this one was, or at once if that has passed. */
  async finish(name: string, holder: string, everyMs: number): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE jobs
      SET locked_by = NULL, locked_until = NULL,
          next_run_at = GREATEST(next_run_at + ${everyMs} * INTERVAL '1 millisecond', clock_timestamp())
      WHERE name = ${name} AND locked_by = ${holder}::uuid`;
  }

  /** Leaves a run that was cut short to another instance. */
  async release(name: string, holder: string): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE jobs SET locked_by = NULL, locked_until = NULL WHERE name = ${name} AND locked_by = ${holder}::uuid`;
  }
}
