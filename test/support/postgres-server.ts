import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { SERVER_KEY } from './certificates.js';
import { connectTo } from './databases.js';
import { freePort } from './process.js';
import { waitUntil } from './wait.js';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root, and so this is the user that Debian's package creates. */
const UNPRIVILEGED_USER = 'postgres';
const DATA = 'data';
/** Refuses what is written to it, as a full disk does. Linux and the BSDs have it. */
export const FULL_DEVICE = '/dev/full';

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
    const folder = await newServerFolder();
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, PostgresServer.PASSWORD, { mode: 0o644 });
    await runServerProgram('initdb', [
      `--pgdata=${join(folder, DATA)}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ]);
    return PostgresServer.launch(folder, settings);
  }

  /** Starts a copy of this server, which follows it and takes no writes until it is promoted. */
  async startStandby(): Promise<PostgresServer> {
    const folder = await newServerFolder();
    const options = ['--write-recovery-conf', '--checkpoint=fast', '--no-sync'];
    await runServerProgram('pg_basebackup', [
      `--pgdata=${join(folder, DATA)}`,
      `--dbname=${this.url('postgres')}`,
      ...options,
    ]);
    return PostgresServer.launch(folder, []);
  }

  private static async launch(folder: string, settings: readonly string[]): Promise<PostgresServer> {
    const port = await freePort();
    const options = ['fsync=off', 'shared_buffers=8MB', `unix_socket_directories=${folder}`, ...settings];
    const server = spawn(
      await serverProgram('postgres'),
      ['-D', join(folder, DATA), '-h', '127.0.0.1', '-p', String(port), ...options.flatMap((option) => ['-c', option])],
      { stdio: 'ignore', ...(await unprivilegedAccount()) },
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

  /** Offers TLS from now on, with this certificate to clients that connect. */
  async present(certificate: string): Promise<void> {
    const paths = { key: join(this.folder, 'server-key'), certificate: join(this.folder, 'server-certificate') };
    await writeFile(paths.key, SERVER_KEY, { mode: 0o600 });
    await writeFile(paths.certificate, certificate);
    const { uid, gid } = await unprivilegedAccount();
    if (uid !== undefined && gid !== undefined) await chown(paths.key, uid, gid);
    const before = await this.loadedAt();
    await this.query(
      'postgres',
      `ALTER SYSTEM SET ssl_key_file = '${paths.key}'`,
      `ALTER SYSTEM SET ssl_cert_file = '${paths.certificate}'`,
      'ALTER SYSTEM SET ssl = on',
      'SELECT pg_reload_conf()',
    );
    await waitUntil('the certificate is in use', async () => (await this.loadedAt()) !== before);
  }

  /** When the settings were last read, as new connections see it. */
  private async loadedAt(): Promise<unknown> {
    const client = await connectTo(this.url('postgres'));
    try {
      return (await client.query('SELECT pg_conf_load_time()::text AS time')).rows[0].time;
    } finally {
      await client.end();
    }
  }

  async query(database: string, ...statements: string[]): Promise<void> {
    const client = await connectTo(this.url(database));
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** Puts a table on a full disk: its file, which must be empty and not open, becomes the device that has no room. */
  async putOnFullDisk(database: string, table: string): Promise<void> {
    const client = await connectTo(this.url(database));
    const { rows } = await client.query<{ path: string }>(`SELECT pg_relation_filepath('${table}') AS path`);
    await client.end();
    const path = join(this.folder, DATA, rows[0]?.path ?? '');
    if ((await stat(path)).size > 0) throw new Error(`The table ${table} is not empty`);
    await rm(path);
    await symlink(FULL_DEVICE, path);
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGQUIT');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function serverProgram(name: string): Promise<string> {
  const { stdout } = await run('pg_config', ['--bindir']);
  return join(stdout.trim(), name);
}

async function runServerProgram(name: string, args: readonly string[]): Promise<void> {
  await run(await serverProgram(name), args, await unprivilegedAccount());
}

/** A folder in which the server's account may create its data and its socket. */
async function newServerFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'uma-pg-'));
  const { uid, gid } = await unprivilegedAccount();
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  await chmod(folder, 0o755);
  return folder;
}

/** For servers that refuse to run as root. */
export async function unprivilegedAccount(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(['-u', '-g'].map((what) => run('id', [what, UNPRIVILEGED_USER])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}
