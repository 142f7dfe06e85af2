import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Cache } from './cache.js';

const MAX_ENTRIES = 10_000;

/** A cache for a single process. */
@Injectable()
export class MemoryCache implements Cache {
  /** Serialized, so that no two callers share an object. */
  private readonly entries = new LRUCache<string, string>({ max: MAX_ENTRIES });
  /** Loads under way, by key; an invalidation takes away their right to be kept. */
  private readonly loading = new Map<string, Set<symbol>>();

  async getOrLoad<T>(key: string, ttlMs: number, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const kept = this.entries.get(key);
    if (kept !== undefined) return JSON.parse(kept) as T;
    const ticket = Symbol(key);
    const tickets = this.loading.get(key) ?? new Set();
    this.loading.set(key, tickets.add(ticket));
    try {
      const value = await load();
      if (value !== undefined && tickets.has(ticket)) this.entries.set(key, JSON.stringify(value), { ttl: ttlMs });
      return value;
    } finally {
      tickets.delete(ticket);
      if (tickets.size === 0 && this.loading.get(key) === tickets) this.loading.delete(key);
    }
  }

  async invalidate(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.entries.delete(key);
      this.loading.get(key)?.clear();
    }
  }

  async ping(): Promise<void> {}
}
