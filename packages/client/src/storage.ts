import { StorageError } from './errors.js';
import { inTime, sleep } from './time.js';

/**
 * Where a session is kept: `localStorage` as it is, or any other store, whose methods may return promises. The client
 * stores one item. Clients that are given the same object share its session.
 */
export interface TokenStorage {
  getItem(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface Tokens {
  readonly accessToken: string;
  /** `null` where the browser keeps it in a cookie. */
  readonly refreshToken: string | null;
}

const KEY = 'user-management-api.session';
/** A store that another process is writing to may return half of the content. */
const REREADS = 2;
const REREAD_AFTER_MS = 20;
/** A store that never answers fails; otherwise the calls that come after would wait for it, too. */
const TIMEOUT_MS = 10_000;

/** Reads the session. Anything that is not one counts as none. @throws StorageError */
export async function readTokens(storage: TokenStorage): Promise<Tokens | undefined> {
  for (let again = 0; ; again += 1) {
    const text = await guarded(() => storage.getItem(KEY));
    if (text === null || text === undefined) return undefined;
    const tokens = parse(text);
    if (tokens !== undefined || again === REREADS) return tokens;
    await sleep(REREAD_AFTER_MS);
  }
}

function parse(text: string): Tokens | undefined {
  try {
    const { accessToken, refreshToken }: Partial<Record<keyof Tokens, unknown>> = JSON.parse(text);
    if (typeof accessToken !== 'string' || accessToken === '') return undefined;
    return { accessToken, refreshToken: typeof refreshToken === 'string' ? refreshToken : null };
  } catch {
    return undefined;
  }
}

/** @throws StorageError */
export async function writeTokens(storage: TokenStorage, { accessToken, refreshToken }: Tokens): Promise<void> {
  await guarded(() => storage.setItem(KEY, JSON.stringify({ accessToken, refreshToken })));
}

/** @throws StorageError */
export async function clearTokens(storage: TokenStorage): Promise<void> {
  await guarded(() => storage.removeItem(KEY));
}

export function isSamePair(one: Tokens | undefined, other: Tokens | undefined): boolean {
  return one?.accessToken === other?.accessToken && one?.refreshToken === other?.refreshToken;
}

async function guarded<Value>(use: () => Value | PromiseLike<Value>): Promise<Value> {
  try {
    const result = use();
    return await (isPending(result) ? inTime(result, TIMEOUT_MS) : result);
  } catch (cause) {
    throw new StorageError('The storage failed', { cause });
  }
}

function isPending<Value>(result: Value | PromiseLike<Value>): result is PromiseLike<Value> {
  return typeof result === 'object' && result !== null && 'then' in result;
}
