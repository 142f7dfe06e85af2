import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SERVER_KEY } from './certificates.js';
import { newFolder } from './stores.js';
import { waitUntil } from './wait.js';

/** A Redis of a suite's own, whose users a suite may restrict and whose role it may change. */
export class RedisServer {
  private constructor(
    private readonly server: ChildProcess,
    private readonly admin: Redis,
    private readonly port: number,
    private readonly tlsPort: number,
  ) {}

  /** @param certificate for clients that connect with TLS */
  static async start(certificate?: string): Promise<RedisServer> {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const tls = certificate === undefined ? [] : await tlsOptions(tlsPort, certificate);
    const options = ['--port', String(port), '--save', '', '--appendonly', 'no', ...tls];
    const server = spawn('redis-server', options, { stdio: 'ignore' });
    await once(server, 'spawn');
    const admin = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null });
    admin.on('error', () => undefined);
    await waitUntil('the Redis server has started', () =>
      admin.connect().then(
        () => true,
        () => false,
      ),
    );
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all');
    return new RedisServer(server, admin, port, tlsPort);
  }

  /** For the user `app`, whom the methods below restrict. */
  get url(): string {
    return `redis://app:secret@127.0.0.1:${this.port}`;
  }

  get tlsUrl(): string {
    return `rediss://app:secret@127.0.0.1:${this.tlsPort}`;
  }

  /** The server's own number of connections so far, those of `admin` included. */
  async connections(): Promise<number> {
    const info = await this.admin.info('stats');
    return Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
  }

  /** Sends a command as the server's administrator. */
  async administer(command: string, ...args: string[]): Promise<void> {
    await this.admin.call(command, ...args);
  }

  async refuseDeletions(): Promise<void> {
    await this.admin.call('ACL', 'SETUSER', 'app', '-del', '-unlink');
  }

  async allowEverything(): Promise<void> {
    await this.admin.call('ACL', 'SETUSER', 'app', '+@all');
    await this.admin.call('REPLICAOF', 'NO', 'ONE');
  }

  /** Makes it a replica whose primary is away: it serves what it holds and refuses to write. */
  async refuseWrites(): Promise<void> {
    await this.admin.call('REPLICAOF', '127.0.0.1', '1');
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.admin.disconnect();
    this.server.kill();
    await exited;
  }
}

async function tlsOptions(port: number, certificate: string): Promise<string[]> {
  const folder = newFolder();
  const [keyFile, certificateFile] = [join(folder, 'key'), join(folder, 'certificate')];
  await mkdir(folder);
  await writeFile(keyFile, SERVER_KEY);
  await writeFile(certificateFile, certificate);
  const files = ['--tls-key-file', keyFile, '--tls-cert-file', certificateFile, '--tls-ca-cert-file', certificateFile];
  return ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
