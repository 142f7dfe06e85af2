import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Limit, Limiter, Outcome, Standing } from './limiter.js';

/** Some 20 MB at most. Whoever has more addresses than this to push others out with needs no such trick. */
const MAX_KEYS = 100_000;

/** How long fewer instances must have been seen to be believed, in milliseconds. */
const FEWER_AFTER_MS = 60_000;

/** What this process knows of a window. */
interface Window {
  readonly id: string;
  /** As `performance.now()` counts. */
  readonly endsAt: number;
  /** Counted on all instances, as far as was last heard. */
  hits: number;
  open: number;
  /** Counted by this process. */
  own: number;
  /** Of these, counted without telling anyone. */
  untold: number;
  /** Whether this process has counted in it by itself. */
  alone: boolean;
}

/** What all instances together have counted. */
export type Shared = Pick<Standing, 'hits' | 'open' | 'endsInMs' | 'window'>;

/**
 * Counts in this process alone. Where others count too, and cannot be asked, it lets in no more than its share, and of
 * what was left when they last could be, no more than its share either.
 */
@Injectable()
export class LocalLimiter implements Limiter {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_KEYS });
  /** How many processes count. */
  private instances = 1;
  private instancesSince = 0;

  async count(limits: readonly Limit[]): Promise<Outcome> {
    return this.take(limits, 0);
  }

  async reserve(limits: readonly Limit[]): Promise<Outcome> {
    return this.take(limits, 1);
  }

  async settle({ standings }: Outcome, counts: boolean): Promise<void> {
    for (const { key, window: id } of standings) {
      const window = this.find(key);
      if (window?.id !== id) continue;
      window.open = Math.max(0, window.open - 1);
      if (!counts) this.giveBack(window);
    }
  }

  /** What was counted here since Redis was last asked, and is now being told to it. */
  tell(key: string): { readonly hits: number; readonly untold: number; readonly endsInMs: number } | undefined {
    const window = this.find(key);
    if (window === undefined) return undefined;
    const { hits, untold } = window;
    window.hits += untold;
    window.untold = 0;
    return { hits, untold, endsInMs: window.endsAt - performance.now() };
  }

  /** It could not be told after all. */
  untell(key: string, untold: number): void {
    const window = this.find(key);
    if (window === undefined) return;
    window.hits = Math.max(0, window.hits - untold);
    window.untold += untold;
  }

  /** Whether there is no room by this process's own count, in a window in which that was all there was. */
  isFull(limit: Limit): boolean {
    return this.find(limit.key)?.alone === true && !this.hasRoom(limit);
  }

  /** @param added counted by this process with that */
  learn(key: string, { window: id, hits, open, endsInMs }: Shared, added: number, instances: number): void {
    this.noteInstances(Math.max(1, instances));
    if (hits === 0) return;
    const known = this.find(key);
    const own = (known?.own ?? 0) + added;
    const endsAt = performance.now() + endsInMs;
    const { untold = 0, alone = false } = known ?? {};
    this.windows.set(key, { id, endsAt, hits, open, own, untold, alone });
  }

  /** One that cannot reach Redis is not there, and counts all the same: fewer are believed only after a while. */
  private noteInstances(instances: number): void {
    const now = performance.now();
    if (instances < this.instances && now - this.instancesSince < FEWER_AFTER_MS) return;
    this.instances = instances;
    this.instancesSince = now;
  }

  private take(limits: readonly Limit[], open: 0 | 1): Outcome {
    const taken = limits.every((limit) => this.hasRoom(limit));
    const standings = limits.map((limit): Standing => {
      const room = this.hasRoom(limit);
      const window = this.find(limit.key) ?? this.begin(limit);
      if (taken) {
        window.own += 1;
        window.untold += 1;
        window.open += open;
      }
      window.alone = true;
      if (window.own > 0) this.windows.set(limit.key, window);
      const endsInMs = Math.max(0, window.endsAt - performance.now());
      return { key: limit.key, hits: this.spent(window), open: window.open, endsInMs, window: window.id, room };
    });
    return { taken, standings };
  }

  private hasRoom({ key, max }: Limit): boolean {
    const window = this.find(key);
    // Were there more instances than places, none would let anyone in.
    if (window === undefined) return max > 0;
    const share = Math.max(1, Math.floor(max / this.instances));
    return window.own < share && this.spent(window) + this.instances <= Math.max(max, this.instances);
  }

  /** Each of the others may have counted as many since. */
  private spent({ hits, untold }: Window): number {
    return hits + untold * this.instances;
  }

  private giveBack(window: Window): void {
    window.own = Math.max(0, window.own - 1);
    if (window.untold > 0) window.untold -= 1;
    else window.hits = Math.max(0, window.hits - 1);
  }

  private find(key: string): Window | undefined {
    const window = this.windows.get(key);
    if (window === undefined || window.endsAt > performance.now()) return window;
    this.windows.delete(key);
    return undefined;
  }

  private begin({ windowMs }: Limit): Window {
    return { id: randomUUID(), endsAt: performance.now() + windowMs, hits: 0, open: 0, own: 0, untold: 0, alone: true };
  }
}
