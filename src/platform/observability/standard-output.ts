import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const FILE_DESCRIPTOR = 1;
/** What is held back, in bytes, before requests wait for the reader. */
const MAX_QUEUED_BYTES = 16 * 1_024 * 1_024;
/** How long (ms) a text may wait for others, to be written with them: each write is a system call. */
const GATHER_MS = 50;
/** The size (bytes) up to which texts that wait are joined. */
const CHUNK_BYTES = 64 * 1_024;
/** A reader that has taken nothing for this long, in milliseconds, is not waited for. */
const PATIENCE_MS = 1_000;
const RETRY_MS = 50;
/** The longest (ms) that the end of the process is held up by what is still queued. */
const LAST_WRITES_MS = 300;

/**
 * Standard output, as a pipe whose reader may be slow or gone: what it does not take at once is queued, and written when it
 * does. Lost is what comes beyond 16 MiB while the reader takes nothing, what is not written within 300 ms of the exit,
 * and, when the process is killed, what was gathered in the last 50 ms. Nothing blocks the event loop before the exit, as
 * a signal to end must be heard.
 */
class StandardOutput {
  private gathered = '';
  private gathering: NodeJS.Timeout | undefined;
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  /** On the clock of `performance.now()`. */
  private takenAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    // Opening the stream makes a pipe non-blocking: a write to a full one returns, instead of stopping the process.
    process.stdout.on('error', () => undefined);
    process.on('exit', () => this.writeLast());
  }

  /** Writes at once what the reader takes. @returns whether the text is kept: it was written, or will be */
  write(text: string): boolean {
    const kept = this.gather(text);
    this.send();
    return kept;
  }

  /** Keeps the text for up to 50 ms, to be written with others. @returns whether it is kept */
  gather(text: string): boolean {
    if (this.queuedBytes + this.gathered.length > MAX_QUEUED_BYTES && !this.isTaking()) return false;
    this.gathered += text;
    if (this.gathered.length > CHUNK_BYTES) this.send();
    else this.gathering ??= setTimeout(() => this.send(), GATHER_MS).unref();
    return true;
  }

  get isFull(): boolean {
    return this.queuedBytes > MAX_QUEUED_BYTES;
  }

  /**
   * Waits for room in the queue: what a slow reader cannot read in time should not be produced either. Does not wait for
   * a reader that takes nothing.
   */
  async room(): Promise<void> {
    while (this.isFull && this.isTaking()) await sleep(RETRY_MS);
  }

  /** @returns whether everything is written; `false` once nothing has been taken for a second */
  async drained(): Promise<boolean> {
    this.send();
    const since = performance.now();
    while (!this.writeQueued()) {
      if (performance.now() - Math.max(since, this.takenAt) > PATIENCE_MS) return false;
      await sleep(RETRY_MS);
    }
    return true;
  }

  private send(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    let data: Buffer = Buffer.from(this.gathered);
    this.gathered = '';
    if (this.writeQueued()) data = data.subarray(this.take(data));
    if (data.length > 0) this.enqueue(data);
  }

  private enqueue(data: Buffer): void {
    const last = this.queue.at(-1);
    if (last !== undefined && last.length + data.length <= CHUNK_BYTES) {
      this.queue[this.queue.length - 1] = Buffer.concat([last, data]);
    } else this.queue.push(data);
    this.queuedBytes += data.length;
    this.timer ??= setInterval(() => this.writeQueued(), RETRY_MS).unref();
  }

  /** @returns whether nothing is queued any more */
  private writeQueued(): boolean {
    for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
      const taken = this.take(first);
      this.queuedBytes -= taken;
      if (taken < first.length) {
        this.queue[0] = first.subarray(taken);
        return false;
      }
      this.queue.shift();
    }
    clearInterval(this.timer);
    this.timer = undefined;
    return true;
  }

  private isTaking(): boolean {
    return performance.now() - this.takenAt < PATIENCE_MS;
  }

  private writeLast(): void {
    this.send();
    for (const end = performance.now() + LAST_WRITES_MS; !this.writeQueued() && performance.now() < end;) pause(1);
  }

  /** @returns how many bytes were taken */
  private take(data: Buffer): number {
    try {
      const taken = writeSync(FILE_DESCRIPTOR, data);
      if (taken > 0) this.takenAt = performance.now();
      return taken;
    } catch (error) {
      // The reader is gone, and no other one comes.
      const gone = error instanceof Error && 'code' in error && error.code === 'EPIPE';
      return gone ? data.length : 0;
    }
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export const standardOutput = new StandardOutput();
