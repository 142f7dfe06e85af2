import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { Cache } from '#platform/cache';
import { PrismaService } from '#platform/database';
import { Outbox, type OutboxState } from '#platform/events';
import { Extensions } from '#platform/extensions';
import type { HealthResponse, ServiceHealth } from './health.response.js';

/** A store that takes longer than this, in milliseconds, is as good as away. */
const DATABASE_TIMEOUT_MS = 1_000;
const CACHE_TIMEOUT_MS = 500;
const EXTENSION_TIMEOUT_MS = 1_000;
const SHARED_MS = 1_000;
/** A message that has waited for longer, in seconds, is late. */
const LATE_SECONDS = 60;

const { version: release } = createRequire(import.meta.url)('../../package.json') as { version: string };

@Injectable()
export class HealthService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly cache: Cache,
    private readonly extensions: Extensions,
    private readonly outbox: Outbox,
    private readonly config: AppConfig,
  ) {}

  /** Not asked for again within a second: anyone may ask for the health, and these may cost much. */
  private readonly extensionsHealth = shared(() => this.checkExtensions());
  private readonly outboxHealth = shared(() => this.checkOutbox());

  async check(): Promise<HealthResponse> {
    const [database, cache, others, outbox] = await Promise.all([
      this.checkDatabase(),
      this.checkCache(),
      this.extensionsHealth(),
      this.outboxHealth(),
    ]);
    const withoutDatabase = database.status === 'unhealthy';
    const whole = [cache, ...Object.values(others)].every(({ status }) => status === 'healthy');
    return {
      status: withoutDatabase ? 'unhealthy' : whole ? 'healthy' : 'degraded',
      version: this.config.apiVersion,
      release,
      timestamp: new Date().toISOString(),
      uptime: Math.floor(process.uptime()),
      services: { ...others, ...outbox, database, cache },
    };
  }

  async isReady(): Promise<boolean> {
    return (await this.checkDatabase()).status === 'healthy';
  }

  private async checkExtensions(): Promise<Record<string, ServiceHealth>> {
    const checks = [...this.extensions.health].map(async ([name, part]) => {
      const health = await measure(async () => part.check(), EXTENSION_TIMEOUT_MS);
      return [name, health] as const;
    });
    return Object.fromEntries(await Promise.all(checks));
  }

  /** Only while messages are late, or some were given up. */
  private async checkOutbox(): Promise<Record<string, ServiceHealth>> {
    let state: OutboxState | undefined;
    const read = async () => {
      state = await this.outbox.state();
    };
    const health = await measure(read, DATABASE_TIMEOUT_MS);
    if (state === undefined || (state.failed === 0 && state.oldestSeconds < LATE_SECONDS)) return {};
    return { outbox: { ...health, ...state } };
  }

  private checkDatabase(): Promise<ServiceHealth> {
    return measure(() => this.prisma.ping(), DATABASE_TIMEOUT_MS);
  }

  private checkCache(): Promise<ServiceHealth> {
    return measure(() => this.cache.ping(), CACHE_TIMEOUT_MS);
  }
}

async function measure(ping: () => Promise<void>, timeoutMs: number): Promise<ServiceHealth> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<'unhealthy'>((resolve) => {
    timer = setTimeout(() => resolve('unhealthy'), timeoutMs);
  });
  const answered = ping().then(
    () => 'healthy' as const,
    () => 'unhealthy' as const,
  );
  const status = await Promise.race([answered, tooSlow]);
  clearTimeout(timer);
  return { status, latencyMs: Math.round((performance.now() - start) * 100) / 100 };
}

/** One result for all who ask within a second. */
function shared<T>(load: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly result: Promise<T> } | undefined;
  return () => {
    if (last === undefined || performance.now() - last.at > SHARED_MS) last = { at: performance.now(), result: load() };
    return last.result;
  };
}
