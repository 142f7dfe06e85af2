import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedAccount } from './postgres-server.js';
import { freePort } from './process.js';
import { waitUntil } from './wait.js';

/** A PgBouncer of a suite's own, in transaction mode and otherwise as it is installed. */
export class PgBouncer {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly server: ChildProcess,
  ) {}

  /**
   * @param target the URL of a database that asks for no password
   * @param settings lines of `pgbouncer.ini`
   */
  static async start(target: string, settings: readonly string[] = []): Promise<PgBouncer> {
    const url = new URL(target);
    const folder = await mkdtemp(join(tmpdir(), 'uma-pgbouncer-'));
    const port = await freePort();
    const ini = [
      '[databases]',
      `* = host=${url.hostname} port=${url.port || '5432'} user=${url.username}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'default_pool_size = 3',
      ...settings,
    ];
    const account = await unprivilegedAccount();
    const path = join(folder, 'pgbouncer.ini');
    await writeFile(path, ini.join('\n'), { mode: 0o644 });
    await chmod(folder, 0o755);
    const server = spawn('pgbouncer', ['-q', path], { stdio: 'ignore', ...account });
    await once(server, 'spawn');
    url.host = `127.0.0.1:${port}`;
    const started = new PgBouncer(url.href, folder, server);
    await waitUntil('PgBouncer has started', () => accepts(port));
    return started;
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGKILL');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Without a session, whose settings PgBouncer would lend on. */
function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
