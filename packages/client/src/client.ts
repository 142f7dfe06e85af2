import { contentOf, createApi } from './api.js';
import { UnauthorizedError } from './errors.js';
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
import type { Tokens, TokenStorage } from './storage.js';
import type { Credentials, User } from './types.js';

export interface ClientOptions {
  /** The address of the server, such as `https://accounts.example.com` or `https://example.com/accounts`. */
  readonly baseUrl: string;
  /** Where the session is kept, such as `localStorage`. */
  readonly storage: TokenStorage;
  /**
   * How long an attempt may take, in milliseconds, its body included; 10,000 by default. A stream may take this long to
   * begin, and between two pieces.
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
  /** Ends the session. The storage is emptied even where the server cannot be reached and the call rejects. */
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

/** Makes a client, which finds the session that the storage holds. It sends nothing yet. */
export function createClient(options: ClientOptions): Client {
  const { storage, timeoutMs = 10_000, delivery = 'body' } = options;
  const byCookie = delivery === 'cookie';
  const deliveryHeader = byCookie ? { 'X-Refresh-Token-Delivery': 'cookie' as const } : {};
  const cookieHeader = byCookie ? { 'X-Requested-With': 'fetch' } : {};

  let baseUrl = options.baseUrl;
  while (baseUrl.endsWith('/')) baseUrl = baseUrl.slice(0, -1);
  const api = createApi({ baseUrl, timeoutMs, ...(byCookie ? { credentials: 'include' } : {}) }, () => session);
  const session = new Session(storage, requestRefresh);

  async function requestRefresh({ refreshToken }: Tokens): Promise<Tokens> {
    const headers = { ...deliveryHeader, ...cookieHeader };
    const body = refreshToken === null ? {} : { body: { refreshToken } };
    return contentOf(await refreshTokens({ ...api.repeatable, headers, ...body }));
  }

  function endSession(accessToken: string | undefined): Promise<unknown> {
    const auth = accessToken === undefined ? {} : { auth: accessToken };
    return logout({ ...api.open, ...auth, headers: cookieHeader });
  }

  return {
    async login(credentials) {
      const body = { ...credentials };
      const started = contentOf(await login({ ...api.open, body, headers: deliveryHeader }));
      await session.start(started);
      return started.user;
    },
    async logout() {
      const held = await session.end();
      // Without an access token, the cookie may still be there.
      if (held === undefined && !byCookie) return;
      try {
        await endSession(held?.accessToken);
      } catch (error) {
        if (!needsOtherToken(error)) throw error;
        if (held === undefined) return;
        // These tokens are not stored: they end their own session.
        await requestRefresh(held)
          .then(({ accessToken }) => endSession(accessToken))
          .catch((refusal: unknown) => {
            // The session had ended before.
            if (!(refusal instanceof UnauthorizedError)) throw refusal;
          });
      }
    },
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
