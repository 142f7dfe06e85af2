import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { connectTo } from './databases.js';
import { freePort } from './process.js';
import { waitUntil } from './wait.js';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root, and so this is the user that Debian's package creates. */
const UNPRIVILEGED_USER = 'postgres';

/** A PostgreSQL of a suite's own, which asks for passwords, and whose faults concern no other suite. */
export class PostgresServer {
  static readonly PASSWORD = 'p4ss/with#odd@characters%3A';

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly server: ChildProcess,
  ) {}

  /** @param settings lines of `postgresql.conf` */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const { stdout: bindir } = await run('pg_config', ['--bindir']);
    const account = await unprivilegedAccount();
    const folder = await mkdtemp(join(tmpdir(), 'uma-pg-'));
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    await mkdir(data);
    await writeFile(passwordFile, PostgresServer.PASSWORD);
    if (account.uid !== undefined) await run('chown', ['-R', `${account.uid}:${account.gid}`, folder]);
    await chmod(folder, 0o755);
    const initdb = [`--pgdata=${data}`, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await run(join(bindir.trim(), 'initdb'), [...initdb, '--no-sync', '--encoding=UTF8', '--locale=C'], account);
    const port = await freePort();
    const options = ['fsync=off', 'shared_buffers=8MB', `unix_socket_directories=${folder}`, ...settings];
    const server = spawn(
      join(bindir.trim(), 'postgres'),
      ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...options.flatMap((option) => ['-c', option])],
      { stdio: 'ignore', ...account },
    );
    const started = new PostgresServer(folder, port, server);
    await waitUntil('the PostgreSQL server has started', () =>
      connectTo(started.url('postgres')).then(
        async (client) => {
          await client.end();
          return true;
        },
        () => false,
      ),
    );
    return started;
  }

  url(database: string, { user = 'postgres', password = PostgresServer.PASSWORD } = {}): string {
    return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${database}`;
  }

  /** The variables that name it by its Unix socket. */
  socketVariables(database: string): Record<string, string> {
    return {
      DB_HOST: this.folder,
      DB_PORT: String(this.port),
      DB_NAME: database,
      DB_USER: 'postgres',
      DB_PASSWORD: PostgresServer.PASSWORD,
    };
  }

  async query(database: string, ...statements: string[]): Promise<void> {
    const client = await connectTo(this.url(database));
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGQUIT');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** For servers that refuse to run as root. */
export async function unprivilegedAccount(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(['-u', '-g'].map((what) => run('id', [what, UNPRIVILEGED_USER])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}
