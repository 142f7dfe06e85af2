import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DatabaseSilentError, type DatabaseFault, faultOf } from './database-errors.js';

/** A statement that has no answer after this (ms), while no other has one either, is a reason to probe. */
const SUSPECT_MS = 200;
const TICK_MS = 50;
/** From a probe that failed to the next one, in milliseconds. */
const PROBE_PAUSE_MS = 250;
/** No statement shows that a full disk has room again. After this long (ms) without a refusal, it is taken to have. */
const DISK_FULL_QUIET_MS = 30_000;
/** A statement that a probe found to be merely slow is suspected again when it is this many times as old. */
const PATIENCE_FACTOR = 4;

const SILENT = 'silent';
const READ_ONLY = { code: '25006', reason: 'it takes no writes' };
const DISK_FULL = '53100';
const MISSING_GRANT = '42501';

export interface SqlText {
  readonly sql: string;
  readonly args: readonly unknown[];
}

/** The database, as the watch sees it. */
export interface WatchedDatabase {
  /** Whether it may fall silent: a server may, an embedded database does not. */
  readonly remote: boolean;
  /** Runs a statement on a connection of its own, within a limit that suits the database. */
  probe(statement: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** Replaces every connection; `cut` ends those in use too. */
  renew(options: { readonly cut: boolean }): void;
}

interface Asked {
  readonly at: number;
  suspectAt: number;
  readonly abandon: (error: Error) => void;
}

/**
 * Notices when the database falls silent or refuses its work, says so once, and notices when that ends.
 *
 * A server that accepts packets and answers nothing looks like one with a slow statement. So when a statement has
 * waited, and no other has been answered meanwhile, a new connection asks. If that gets no answer, everything that waits
 * fails at once, and later statements fail without waiting, until a probe is answered.
 */
export class DatabaseWatch {
  private readonly logger = new Logger('Database');
  private readonly asked = new Set<Asked>();
  /** What rejects each wait for something else that the database is needed after. */
  private readonly guarded = new Set<(error: Error) => void>();
  private answeredAt = Number.NEGATIVE_INFINITY;
  private current: DatabaseFault | undefined;
  private refused: { readonly at: number; readonly query: SqlText | undefined } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private probing = false;
  private recovering: Promise<void> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly database: WatchedDatabase) {}

  /** What keeps the database from working now. */
  get fault(): DatabaseFault | undefined {
    return this.current;
  }

  /**
   * Runs a statement.
   *
   * @throws DatabaseSilentError at once while the database is silent, and when it falls silent before it has answered
   */
  run<T>(statement: () => Promise<T>, query?: SqlText): Promise<T> {
    if (this.current?.code === SILENT) return Promise.reject(new DatabaseSilentError());
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const asked = { at: now, suspectAt: now + SUSPECT_MS, abandon: reject };
      this.asked.add(asked);
      this.arm();
      void statement()
        .finally(() => this.noteAnswer(asked))
        .then(resolve, (error: unknown) => {
          const fault = faultOf(error);
          if (fault !== undefined) this.begin(fault, query);
          reject(error);
        });
    });
  }

  /**
   * Waits for something after which the database is needed.
   *
   * @throws DatabaseSilentError when the database falls silent meanwhile
   */
  guard<T>(wait: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.guarded.add(reject);
      this.arm();
      wait.then(resolve, reject).finally(() => this.guarded.delete(reject));
    });
  }

  /** Begins the fault that a read-only database is. */
  noteReadOnly(): void {
    this.begin(READ_ONLY, undefined);
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.timer);
    await this.recovering;
  }

  private arm(): void {
    if (this.database.remote) this.timer ??= setInterval(this.tick, TICK_MS).unref();
  }

  private noteAnswer(asked: Asked): void {
    if (this.asked.delete(asked)) this.answeredAt = performance.now();
  }

  private readonly tick = (): void => {
    const now = performance.now();
    if (this.asked.size + this.guarded.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else if (!this.probing && this.suspicious(now)) {
      this.probing = true;
      void this.decide().finally(() => (this.probing = false));
    }
  };

  private suspicious(now: number): boolean {
    if (now - this.answeredAt <= SUSPECT_MS) return false;
    return this.guarded.size > 0 || [...this.asked].some(({ suspectAt }) => suspectAt <= now);
  }

  /** Asks whether the database is there; an error that it sends is an answer too. */
  private async decide(): Promise<void> {
    const begunAt = performance.now();
    const answers = await this.database.probe('SELECT 1', []).then(
      () => true,
      (error: unknown) => isAnswer(error),
    );
    // An event loop that was busy fires its timers before it reads what has arrived: one more turn reads it.
    if (!answers) await nextTurn();
    const now = performance.now();
    if (answers) this.answeredAt = now;
    if (answers || this.answeredAt > begunAt) {
      for (const asked of this.asked) asked.suspectAt = asked.at + (now - asked.at) * PATIENCE_FACTOR;
    } else this.fallSilent();
  }

  private fallSilent(): void {
    const error = new DatabaseSilentError();
    this.begin({ code: SILENT, reason: 'it does not answer' }, undefined);
    const waiting = [...[...this.asked].map(({ abandon }) => abandon), ...this.guarded];
    this.asked.clear();
    this.database.renew({ cut: true });
    for (const abandon of waiting) abandon(error);
  }

  private begin(fault: DatabaseFault, query: SqlText | undefined): void {
    // Silence lasts until a probe is answered: what fails meanwhile was asked before it, and says nothing new.
    if (this.closing.signal.aborted || this.current?.code === SILENT) return;
    this.refused = { at: performance.now(), query };
    this.current = fault;
    this.recovering ??= this.recover();
  }

  /** Probes until the database works. A connection that was lost alone is not worth a line. */
  private async recover(): Promise<void> {
    const { signal } = this.closing;
    let told = false;
    while (!signal.aborted) {
      const { refused } = this;
      const works = await this.works();
      if (signal.aborted) return;
      if (works) {
        // Connections of before may lead to a server that is read-only now, or have its old default.
        if (this.current?.code === READ_ONLY.code) this.database.renew({ cut: false });
        // A fault that began after the probe was sent may not be over. Nothing is awaited from here to the end.
        if (this.refused === refused) break;
        continue;
      }
      if (!told) this.logger.error(`The database does not work: ${this.fault?.reason} (${this.fault?.code})`);
      told = true;
      // Rejects when the process closes its stores.
      await sleep(PROBE_PAUSE_MS, undefined, { signal }).catch(noop);
    }
    if (signal.aborted) return;
    this.current = undefined;
    this.recovering = undefined;
    this.answeredAt = performance.now();
    if (told) this.logger.log('The database works again');
  }

  /** Whether what the current fault refuses would work now. */
  private async works(): Promise<boolean> {
    const { at, query } = this.refused ?? { at: 0, query: undefined };
    try {
      const { rows } = await this.database.probe(`SELECT current_setting('transaction_read_only') AS "readOnly"`, []);
      if (rows[0]?.['readOnly'] === 'on') {
        this.current = READ_ONLY;
        return false;
      }
      if (this.current?.code === DISK_FULL) return performance.now() - at > DISK_FULL_QUIET_MS;
      return this.current?.code !== MISSING_GRANT || query === undefined || (await this.isGranted(query));
    } catch (error) {
      if (!isAnswer(error)) return false;
      // What keeps a new connection out says more than the loss of an old one. Too many connections are no fault.
      const fault = faultOf(error);
      if (fault !== undefined) this.current = fault;
      return fault === undefined;
    }
  }

  /** EXPLAIN checks privileges, and runs nothing. */
  private async isGranted({ sql, args }: SqlText): Promise<boolean> {
    const plan = this.database.probe(
      `EXPLAIN ${sql}`,
      Array.from(args, () => null),
    );
    return plan.then(
      () => true,
      (error: unknown) => isAnswer(error) && faultOf(error)?.code !== MISSING_GRANT,
    );
  }
}

/** Whether PostgreSQL itself sent the error. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error;
}

function noop(): void {}
