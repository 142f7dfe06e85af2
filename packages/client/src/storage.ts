import { isObject, parse } from './answer.js';
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
  /** By which a pair of the same session is told from that of another login. */
  readonly sessionId: string;
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
    const tokens = tokensIn(parse(text));
    if (tokens !== undefined || again === REREADS) return tokens;
    await sleep(REREAD_AFTER_MS);
  }
}

/** The tokens of what was stored or answered, if they can be used: a header takes no other characters. */
export function tokensIn(value: unknown): Tokens | undefined {
  if (!isObject(value)) return undefined;
  const { accessToken, refreshToken, sessionId } = value;
  if (typeof accessToken !== 'string' || !/^[!-~]+$/.test(accessToken)) return undefined;
  if (refreshToken !== null && (typeof refreshToken !== 'string' || refreshToken === '')) return undefined;
  if (typeof sessionId !== 'string' || sessionId === '') return undefined;
  return { accessToken, refreshToken, sessionId };
}

/** @param late called when the write has taken too long, was given up, and happened all the same. @throws StorageError */
export async function writeTokens(storage: TokenStorage, tokens: Tokens, late: () => void): Promise<void> {
  await guarded(() => storage.setItem(KEY, JSON.stringify(tokens)), late);
}

/** @throws StorageError */
export async function clearTokens(storage: TokenStorage): Promise<void> {
  await guarded(() => storage.removeItem(KEY));
}

export function isSamePair(one: Tokens | undefined, other: Tokens | undefined): boolean {
  return one?.accessToken === other?.accessToken && one?.refreshToken === other?.refreshToken;
}

async function guarded<Value>(use: () => Value | PromiseLike<Value>, late?: () => void): Promise<Value> {
  let result: Value | PromiseLike<Value> | undefined;
  try {
    result = use();
    return await (isPending(result) ? inTime(result, TIMEOUT_MS) : result);
  } catch (cause) {
    // Where it has failed itself, it never is.
    if (isPending(result)) result.then(late, () => undefined);
    throw new StorageError('The storage failed', { cause });
  }
}

function isPending<Value>(result: Value | PromiseLike<Value>): result is PromiseLike<Value> {
  return isObject(result) && 'then' in result;
}

/** Whether a value has the methods of a storage. A `Map` has not. */
export function isStorage(value: unknown): value is TokenStorage {
  return isObject(value) && ['getItem', 'setItem', 'removeItem'].every((name) => typeof value[name] === 'function');
}
