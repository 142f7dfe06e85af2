import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Cache } from './cache.js';

const MAX_ENTRIES = 10_000;

/** A load under way. An invalidation of its key takes away its right to be kept. */
export interface Load {
  readonly key: string;
  /** In milliseconds, as `performance.now()` counts. */
  readonly since: number;
  valid: boolean;
}

/** A cache for a single process. */
@Injectable()
export class MemoryCache implements Cache {
  private readonly entries = new LRUCache<string, { readonly value: unknown }>({ max: MAX_ENTRIES });
  private readonly loads = new Map<string, Set<Load>>();

  async getOrLoad<T>(key: string, ttlMs: number, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const kept = this.entries.get(key);
    if (kept !== undefined) return kept.value as T;
    const begun = this.begin(key);
    let found: T | undefined;
    try {
      found = await load();
    } finally {
      found = this.finish(begun, found, ttlMs);
    }
    return found;
  }

  begin(key: string): Load {
    const load: Load = { key, since: performance.now(), valid: true };
    const others = this.loads.get(key);
    if (others === undefined) this.loads.set(key, new Set([load]));
    else others.add(load);
    return load;
  }

  /**
   * Keeps what a load has found, unless it was invalidated meanwhile. Its time counts from the load's beginning: so
   * old may the value be.
   *
   * @returns the value as every reader gets it
   */
  finish<T>(load: Load, found: T | undefined, ttlMs: number): T | undefined {
    const loads = this.loads.get(load.key);
    if (loads?.delete(load) === true && loads.size === 0) this.loads.delete(load.key);
    if (found === undefined) return undefined;
    const value = freeze(JSON.parse(JSON.stringify(found)) as T);
    const ttl = Math.floor(ttlMs - (performance.now() - load.since));
    if (load.valid && ttl > 0) this.entries.set(load.key, { value }, { ttl });
    return value;
  }

  async invalidate(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.entries.delete(key);
      for (const load of this.loads.get(key) ?? []) load.valid = false;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
    for (const loads of this.loads.values()) {
      for (const load of loads) load.valid = false;
    }
  }

  async ping(): Promise<void> {}
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
