import { unexpected } from './answer.js';
import { contentOf, createApi, type Enveloped, memberOf } from './api.js';
import { ClientError } from './errors.js';
import { login, logout, refreshTokens } from './generated/sdk.gen.js';
import { Audit } from './resources/audit.js';
import { Auth } from './resources/auth.js';
import { Health } from './resources/health.js';
import { Keys } from './resources/keys.js';
import { Permissions } from './resources/permissions.js';
import { Roles } from './resources/roles.js';
import { Sessions } from './resources/sessions.js';
import { Users } from './resources/users.js';
import { needsOtherToken, Session } from './session.js';
import { isStorage, type Tokens, tokensIn, type TokenStorage } from './storage.js';
import type { Attempts } from './transport.js';
import type { Credentials, User } from './types.js';

export interface ClientOptions {
  /**
   * The address of the server, such as `https://accounts.example.com` or `https://example.com/accounts`. Redirects are
   * not followed.
   */
  readonly baseUrl: string;
  /** Where the session is kept, such as `localStorage`. */
  readonly storage: TokenStorage;
  /**
   * How long an attempt may take, in milliseconds, its body included, from 1 to 2,147,483,647; 10,000 by default. A
   * stream may take this long to begin, and between two pieces.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Where the refresh token comes: in the `body` (the default), to be stored beside the access token, or in a `cookie`
   * that the scripts of a page cannot read.
   */
  readonly delivery?: 'body' | 'cookie' | undefined;
}

/**
 * A client of the API. Every call rejects with a `ClientError`: an `ApiError` where the API refuses, a `ConnectionError`
 * where it does not answer, an `UnexpectedResponseError` where something else answers, a `StorageError` where the
 * storage fails.
 */
export interface Client {
  /**
   * Starts a session and stores it.
   *
   * @throws UnauthorizedError with the reason `invalid_credentials`
   * @throws RateLimitError after too many wrong passwords
   */
  login(credentials: Credentials): Promise<User>;
  /**
   * Ends the session. The storage is emptied even where the server cannot be reached, and the server is asked even where
   * the storage fails; the call then rejects.
   */
  logout(): Promise<void>;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly roles: Roles;
  readonly permissions: Permissions;
  readonly audit: Audit;
  readonly auth: Auth;
  readonly health: Health;
  readonly keys: Keys;
}

/** Node's and browsers' timers take no more. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The user of a logout waits for it, and the storage is already empty. */
const LOGOUT_MAX_RETRY_AFTER_S = 5;

/**
 * Makes a client, which finds the session that the storage holds. It sends nothing yet.
 *
 * @throws ClientError where an option is none
 */
export function createClient(options: ClientOptions): Client {
  const { storage, timeoutMs = 10_000, delivery = 'body' } = options;
  if (!isStorage(storage)) throw new ClientError('createClient needs a storage with getItem, setItem and removeItem');
  if (!(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new ClientError(`timeoutMs must be from 1 to ${MAX_TIMEOUT_MS}, not ${timeoutMs}`);
  }
  const byCookie = delivery === 'cookie';
  const deliveryHeader = byCookie ? { 'X-Refresh-Token-Delivery': 'cookie' as const } : {};
  const cookieHeader = byCookie ? { 'X-Requested-With': 'fetch' } : {};

  const baseUrl = addressIn(options.baseUrl);
  const api = createApi({ baseUrl, timeoutMs, ...(byCookie ? { credentials: 'include' } : {}) }, () => session);
  const session = new Session(storage, requestRefresh);

  /** @throws UnexpectedResponseError where there are none; only a cookie takes the place of a refresh token */
  function tokensOf(result: Enveloped<Tokens>): Tokens {
    const tokens = tokensIn(contentOf(result));
    if (tokens === undefined || (tokens.refreshToken === null && !byCookie)) throw unexpected(result.response);
    return tokens;
  }

  async function requestRefresh({ refreshToken }: Tokens, attempts: Attempts): Promise<Tokens> {
    const headers = { ...deliveryHeader, ...cookieHeader };
    const body = refreshToken === null ? {} : { body: { refreshToken } };
    return tokensOf(await refreshTokens({ ...api.repeatable(attempts), headers, ...body }));
  }

  function endSession(accessToken: string | undefined): Promise<unknown> {
    // The operation takes the refresh cookie, too, which this token is not.
    const auth = ({ scheme }: { readonly scheme?: string }) => (scheme === 'bearer' ? accessToken : undefined);
    return logout({ ...api.open, auth, headers: cookieHeader });
  }

  /** Ends a session whose access token has expired. The new tokens are not stored. */
  async function endExpired(held: Tokens): Promise<void> {
    try {
      const { accessToken, sessionId } = await requestRefresh(held, { maxRetryAfter: LOGOUT_MAX_RETRY_AFTER_S });
      // A cookie may have been replaced by that of another login.
      if (sessionId === held.sessionId) await endSession(accessToken);
    } catch (refusal) {
      // Otherwise, the session had ended before.
      if (!needsOtherToken(refusal)) throw refusal;
    }
  }

  return {
    async login(credentials) {
      const result = await login({ ...api.open, body: credentials, headers: deliveryHeader });
      const tokens = tokensOf(result);
      const user = memberOf(result, 'user');
      try {
        await session.start(tokens);
      } catch (failure) {
        // Without its tokens, it could not be ended later.
        await endSession(tokens.accessToken).catch(() => undefined);
        throw failure;
      }
      return user;
    },
    logout: () =>
      session.end(async (held) => {
        // Without an access token, the cookie may still be there.
        if (held === undefined && !byCookie) return;
        try {
          await endSession(held?.accessToken);
        } catch (error) {
          if (!needsOtherToken(error)) throw error;
          if (held !== undefined) await endExpired(held);
        }
      }),
    users: new Users(api),
    sessions: new Sessions(api),
    roles: new Roles(api),
    permissions: new Permissions(api),
    audit: new Audit(api),
    auth: new Auth(api),
    health: new Health(api),
    keys: new Keys(api),
  };
}

/** Checks an address. @returns it without slashes at its end */
function addressIn(text: string): string {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // It is none.
  }
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash) {
    throw new ClientError('baseUrl must be an http(s) URL without credentials, query and fragment');
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}
