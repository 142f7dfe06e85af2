import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Cache } from './cache.js';
import { frozenCopy } from './frozen-copy.js';

const MAX_ENTRIES = 10_000;

/** A load in progress. An invalidation of its key makes it invalid: its value is not kept. */
interface Load {
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
    const begunAt = performance.now();
    const loading = this.begin(key);
    try {
      const found = await load();
      if (found === undefined) return undefined;
      const value = frozenCopy(found);
      // The time counts from the start of the load: the value may be that old.
      const ttl = Math.floor(ttlMs - (performance.now() - begunAt));
      if (loading.valid && ttl > 0) this.entries.set(key, { value }, { ttl });
      return value;
    } finally {
      this.end(key, loading);
    }
  }

  async invalidate(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.entries.delete(key);
      for (const load of this.loads.get(key) ?? []) load.valid = false;
    }
  }

  /** Forgets every key. */
  clear(): void {
    this.entries.clear();
    for (const loads of this.loads.values()) {
      for (const load of loads) load.valid = false;
    }
  }

  async ping(): Promise<void> {}

  private begin(key: string): Load {
    const load: Load = { valid: true };
    const others = this.loads.get(key);
    if (others === undefined) this.loads.set(key, new Set([load]));
    else others.add(load);
    return load;
  }

  private end(key: string, load: Load): void {
    const loads = this.loads.get(key);
    if (loads?.delete(load) === true && loads.size === 0) this.loads.delete(key);
  }
}
