import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { StartupError } from '#platform/errors';

/** What a Unix socket's path may have at most on macOS; Linux allows four more. */
const MAX_SOCKET_PATH_BYTES = 103;
const SOCKET_NAME = /^lock-(\d+)\.sock$/;

export class DataFolderInUseError extends StartupError {
  constructor(folder: string) {
    super(`The data folder ${folder} is in use by another process: stop the server first.`);
  }
}

/**
 * Holds a folder for this process alone: PGlite takes no lock, and two processes on one folder lose data.
 *
 * The lock is a listening Unix socket, so the kernel lets go of it however the process ends, and a stale one
 * (no process answers) is told from a live one at once. Sockets are numbered: taking over a stale lock means
 * creating the next number, which only one of several contenders can do.
 */
export class DataFolderLock {
  private constructor(private readonly server: Server) {}

  /** @throws DataFolderInUseError */
  static async acquire(folder: string): Promise<DataFolderLock> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const held = lockNumbers(folder);
    for (const number of held) {
      if (await answers(socketPath(folder, number))) throw new DataFolderInUseError(folder);
    }
    const mine = (held.at(-1) ?? 0) + 1;
    const server = await listen(socketPath(folder, mine), folder);
    const lock = new DataFolderLock(server);
    // Between another contender's bind() and listen() its socket looks stale: look again now that ours stands.
    for (const number of lockNumbers(folder).filter((other) => other !== mine)) {
      if (number < mine && !(await answers(socketPath(folder, number)))) {
        rmSync(socketPath(folder, number), { force: true });
        continue;
      }
      await lock.release();
      throw new DataFolderInUseError(folder);
    }
    return lock;
  }

  async release(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function lockNumbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => SOCKET_NAME.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .toSorted((a, b) => a - b);
}

function socketPath(folder: string, number: number): string {
  const absolute = join(folder, `lock-${number}.sock`);
  const near = relative(process.cwd(), absolute);
  const path = near.length < absolute.length ? near : absolute;
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new StartupError(
      `The path of the data folder ${folder} is too long: ${MAX_SOCKET_PATH_BYTES} bytes at most.`,
    );
  }
  return path;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listen(path: string, folder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new DataFolderInUseError(folder) : error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}
