import { ClientError, copyOf, UnauthorizedError } from './errors.js';
import { clearTokens, isSamePair, readTokens, type Tokens, type TokenStorage, writeTokens } from './storage.js';
import type { Attempts } from './transport.js';

type Outcome = { readonly tokens: Tokens | undefined } | { readonly failure: unknown };

interface Refresh {
  readonly of: Tokens;
  readonly outcome: Promise<Outcome>;
  /** Ends its pauses. */
  readonly hurry: AbortController;
}

/** What the clients in this process that have the same storage object share. */
interface Shared {
  /** The latest change of the storage: changes run one after another. */
  change: Promise<unknown>;
  refresh: Refresh | undefined;
  /** The number of sessions that were ended here. */
  ends: number;
}

const SHARED = new WeakMap<TokenStorage, Shared>();
const REFRESHABLE: ReadonlySet<string | undefined> = new Set(['token_expired', 'invalid_token', 'no_token']);
/** How often a call is repeated with other tokens of its session: once with a pair that another tab stored, once after a refresh. */
const MAX_RENEWALS = 2;

/** Whether another access token may help. It does not against wrong credentials, or the 401 of a gateway. */
export function needsOtherToken(error: unknown): boolean {
  return error instanceof UnauthorizedError && REFRESHABLE.has(error.reason);
}

/** The session in a storage. Several clients, tabs and processes may use the storage at once. */
export class Session {
  private readonly shared: Shared;

  /** @param requestRefresh exchanges a refresh token at the server */
  constructor(
    private readonly storage: TokenStorage,
    private readonly requestRefresh: (tokens: Tokens, attempts: Attempts) => Promise<Tokens>,
  ) {
    this.shared = SHARED.get(storage) ?? { change: Promise.resolve(), refresh: undefined, ends: 0 };
    SHARED.set(storage, this.shared);
  }

  /** Stores the tokens of a login. @throws StorageError; the session is then to be ended at the server */
  async start(tokens: Tokens): Promise<void> {
    try {
      await this.change(() => this.store(tokens));
    } catch (failure) {
      this.shared.ends += 1;
      throw failure;
    }
    this.shared.refresh?.hurry.abort();
  }

  /**
   * Sends a request with the access token, and again with another one of the same session where the first is refused.
   *
   * @throws UnauthorizedError where the session has ended
   */
  async run<Answer>(request: (accessToken: string | undefined) => Promise<Answer>): Promise<Answer> {
    let tokens = await this.tokens();
    for (let renewals = 0; ; renewals += 1) {
      try {
        return await request(tokens?.accessToken);
      } catch (error) {
        if (tokens === undefined || renewals === MAX_RENEWALS || !needsOtherToken(error)) throw error;
        tokens = await this.renew(tokens);
        if (tokens === undefined) throw error;
      }
    }
  }

  /**
   * Empties the storage, then ends the session at the server, even where the storage fails.
   *
   * @param request ends the session of these tokens, which are those that the storage held
   */
  async end(request: (held: Tokens | undefined) => Promise<void>): Promise<void> {
    const { shared } = this;
    let held: Tokens | undefined;
    const emptied = this.change(async () => {
      shared.ends += 1;
      try {
        held = await this.tokens();
      } finally {
        await clearTokens(this.storage);
      }
    });
    await Promise.allSettled([emptied]);
    // A refresh that waits for `Retry-After` looks at the storage now, and stops.
    shared.refresh?.hurry.abort();
    const ended = request(held);
    await Promise.allSettled([ended]);
    await emptied;
    await ended;
  }

  private tokens(): Promise<Tokens | undefined> {
    return readTokens(this.storage);
  }

  /** @returns another pair of the same session, or `undefined` where the session has ended or another has begun */
  private async renew(refused: Tokens): Promise<Tokens | undefined> {
    const stored = await this.tokens();
    // Another tab or process may have stored a new pair meanwhile.
    return isSamePair(stored, refused) ? this.refresh(refused) : inSession(refused, stored);
  }

  /** Exchanges a pair, once for all who ask at the same time. @returns as `renew` */
  private async refresh(held: Tokens): Promise<Tokens | undefined> {
    const { shared } = this;
    let current = shared.refresh;
    // The refresh of another session, from before a login, ends on its own.
    if (current === undefined || !isSamePair(current.of, held)) {
      const hurry = new AbortController();
      // Never rejects: several callers share the outcome, and each throws an error of its own.
      const outcome = this.exchange(held, hurry.signal)
        .then(
          (tokens) => ({ tokens }),
          (failure: unknown) => ({ failure }),
        )
        .finally(() => {
          if (shared.refresh?.of === held) shared.refresh = undefined;
        });
      current = { of: held, outcome, hurry };
      shared.refresh = current;
    }
    const outcome = await current.outcome;
    if ('failure' in outcome) throw copyOf(outcome.failure);
    return outcome.tokens;
  }

  private async exchange(held: Tokens, hurry: AbortSignal): Promise<Tokens | undefined> {
    // Before each attempt: another tab or process may have come first while this one waited.
    const before = async () => {
      if (!isSamePair(await this.tokens(), held)) throw new ClientError('The session has changed meanwhile');
    };
    try {
      const next = await this.requestRefresh(held, { before, hurry });
      // A cookie may have been replaced by that of another login.
      return await this.replace(held, inSession(held, next));
    } catch (failure) {
      const stored = await this.tokens();
      if (!isSamePair(stored, held)) return inSession(held, stored);
      if (!needsOtherToken(failure)) throw failure;
      return this.replace(held, undefined);
    }
  }

  /** Stores the next pair, or none, if the storage still holds this one. @returns what it then holds of the session */
  private replace(held: Tokens, next: Tokens | undefined): Promise<Tokens | undefined> {
    return this.change(async () => {
      const stored = await this.tokens();
      // A logout, another login or another refresh came first.
      if (!isSamePair(stored, held)) return inSession(held, stored);
      await (next === undefined ? clearTokens(this.storage) : this.store(next));
      return next;
    });
  }

  private store(tokens: Tokens): Promise<void> {
    const { ends } = this.shared;
    return writeTokens(this.storage, tokens, () => {
      // It comes after a logout, and must not bring the session back.
      if (this.shared.ends !== ends) this.replace(tokens, undefined).catch(() => undefined);
    });
  }

  private change<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.shared.change.then(work);
    this.shared.change = result.catch(() => undefined);
    return result;
  }
}

/** The other pair, if it is of the same session: a call of one user must not be carried out as another. */
function inSession(held: Tokens, other: Tokens | undefined): Tokens | undefined {
  return other?.sessionId === held.sessionId ? other : undefined;
}
