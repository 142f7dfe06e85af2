import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TokenStorage } from '../../packages/client/src/index.js';
import { SECRETS } from './app.js';
import { newFolder } from './stores.js';
import { decodeToken, signToken } from './tokens.js';

/** A storage in memory, whose content tests read and change. */
export class MemoryStorage implements TokenStorage {
  private next: MemoryStorage | undefined;

  constructor(readonly items = new Map<string, string>()) {}

  /** Another object with the same content, as another tab has it. */
  get inOtherTab(): MemoryStorage {
    return new MemoryStorage(this.items);
  }

  getItem(key: string): string | null {
    const value = this.items.get(key) ?? null;
    if (this.next !== undefined) this.take(this.next);
    return value;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  /** Everything in it. */
  get content(): string {
    return [...this.items.values()].join();
  }

  /** The same content in a storage of its own, as another process has it. */
  copy(): MemoryStorage {
    const copy = new MemoryStorage();
    copy.take(this);
    return copy;
  }

  /** Changes the content right after the next read, as another tab does. */
  replaceAfterRead(next: MemoryStorage): void {
    this.next = next;
  }

  private take(other: MemoryStorage): void {
    this.next = undefined;
    this.items.clear();
    for (const [key, value] of other.items) this.items.set(key, value);
  }
}

interface StoredTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
}

/** Replaces the stored access token by one that has expired. */
export function expireAccessToken(storage: MemoryStorage): void {
  for (const [key, value] of storage.items) storage.items.set(key, withExpiredAccessToken(value));
}

/** @param stored what the client stores */
export function withExpiredAccessToken(stored: string): string {
  const tokens = JSON.parse(stored) as StoredTokens;
  const { header, claims } = decodeToken(tokens.accessToken);
  const now = Math.floor(Date.now() / 1_000);
  const expired = signToken({ header, claims: { ...claims, iat: now - 7_200, exp: now - 3_600 } }, SECRETS.JWT_SECRET);
  return JSON.stringify({ ...tokens, accessToken: expired });
}

/** Bundles the client into one module. @returns its path */
export async function bundleClient(...options: readonly string[]): Promise<string> {
  const folder = newFolder();
  await mkdir(folder, { recursive: true });
  const bundle = join(folder, 'client.mjs');
  const source = resolve('packages/client/src/index.ts');
  await promisify(execFile)(resolve('node_modules/.bin/esbuild'), [
    source,
    '--bundle',
    '--format=esm',
    '--log-level=warning',
    `--outfile=${bundle}`,
    ...options,
  ]);
  return bundle;
}
