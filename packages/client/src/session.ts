import { copyOf, UnauthorizedError } from './errors.js';
import { clearTokens, isSamePair, readTokens, type Tokens, type TokenStorage, writeTokens } from './storage.js';

type Outcome = { readonly tokens: Tokens | undefined } | { readonly failure: unknown };

/** What the clients in this process that have the same storage object share. */
interface Shared {
  /** The latest change of the storage: changes run one after another. */
  change: Promise<unknown>;
  refresh: { readonly of: Tokens; readonly outcome: Promise<Outcome> } | undefined;
}

const SHARED = new WeakMap<TokenStorage, Shared>();
const REFRESHABLE: ReadonlySet<string | undefined> = new Set(['token_expired', 'invalid_token', 'no_token']);

/** Whether another access token may help. It does not against wrong credentials. */
export function needsOtherToken(error: unknown): boolean {
  return error instanceof UnauthorizedError && REFRESHABLE.has(error.reason);
}

/** The session in a storage. Several clients, tabs and processes may use the storage at once. */
export class Session {
  private readonly shared: Shared;

  /** @param requestRefresh exchanges a refresh token at the server */
  constructor(
    private readonly storage: TokenStorage,
    private readonly requestRefresh: (tokens: Tokens) => Promise<Tokens>,
  ) {
    this.shared = SHARED.get(storage) ?? { change: Promise.resolve(), refresh: undefined };
    SHARED.set(storage, this.shared);
  }

  tokens(): Promise<Tokens | undefined> {
    return readTokens(this.storage);
  }

  start(tokens: Tokens): Promise<void> {
    return this.change(() => writeTokens(this.storage, tokens));
  }

  /**
   * Sends a request with the access token, and again with another one where the first is refused.
   *
   * @throws UnauthorizedError where the session has ended
   */
  async run<Answer>(request: (accessToken: string | undefined) => Promise<Answer>): Promise<Answer> {
    let tokens = await this.tokens();
    let refreshed = false;
    for (;;) {
      try {
        return await request(tokens?.accessToken);
      } catch (error) {
        if (!needsOtherToken(error)) throw error;
        if (refreshed) {
          if (tokens !== undefined) await this.forget(tokens);
          throw error;
        }
        const stored = await this.tokens();
        // Logged out meanwhile, or never logged in.
        if (stored === undefined) throw error;
        // Another tab or process may have stored a new pair meanwhile.
        if (isSamePair(stored, tokens)) {
          const renewed = await this.refresh(stored);
          if (renewed === undefined) throw error;
          refreshed = true;
          tokens = renewed;
        } else {
          tokens = stored;
        }
      }
    }
  }

  /** Empties the storage, and waits for a refresh under way, whose tokens are then not stored. @returns what it held */
  async end(): Promise<Tokens | undefined> {
    const held = await this.change(async () => {
      try {
        return await this.tokens();
      } finally {
        await clearTokens(this.storage);
      }
    });
    await this.shared.refresh?.outcome;
    return held;
  }

  /**
   * Exchanges a pair, once for all who ask at the same time.
   *
   * @returns the pair to use from now on, or `undefined` where the session has ended
   */
  private async refresh(held: Tokens): Promise<Tokens | undefined> {
    const { shared } = this;
    // Another session's refresh, from before a login.
    while (shared.refresh !== undefined && !isSamePair(shared.refresh.of, held)) await shared.refresh.outcome;
    shared.refresh ??= { of: held, outcome: this.exchange(held) };
    const outcome = await shared.refresh.outcome;
    if ('failure' in outcome) throw copyOf(outcome.failure);
    return outcome.tokens;
  }

  /** Never rejects: several callers share the outcome, and each throws an error of its own. */
  private async exchange(held: Tokens): Promise<Outcome> {
    try {
      const stored = await this.tokens();
      if (!isSamePair(stored, held)) return { tokens: stored };
      const tokens = await this.requestRefresh(held);
      return { tokens: await this.change(() => this.replace(held, tokens)) };
    } catch (failure) {
      if (!(failure instanceof UnauthorizedError)) return { failure };
      return await this.forget(held).then(
        (tokens) => ({ tokens }),
        (storageFailure: unknown) => ({ failure: storageFailure }),
      );
    } finally {
      this.shared.refresh = undefined;
    }
  }

  /** Stores the new pair if the storage still holds the old one. @returns what it holds then */
  private async replace(held: Tokens, tokens: Tokens): Promise<Tokens | undefined> {
    const stored = await this.tokens();
    // A logout or another login came first.
    if (!isSamePair(stored, held)) return stored;
    await writeTokens(this.storage, tokens);
    return tokens;
  }

  /** Empties the storage if it still holds this pair. @returns what it holds then */
  private forget(ended: Tokens): Promise<Tokens | undefined> {
    return this.change(async () => {
      const stored = await this.tokens();
      if (!isSamePair(stored, ended)) return stored;
      await clearTokens(this.storage);
      return undefined;
    });
  }

  private change<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.shared.change.then(work);
    this.shared.change = result.catch(() => undefined);
    return result;
  }
}
