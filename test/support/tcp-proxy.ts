import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Stands between the application and a store, and can be cut: the store is then away for the application alone. */
export class TcpProxy {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly fromStore = new Set<Socket>();
  private port = 0;
  private watch: ((chunk: Buffer) => void) | undefined;
  private dropped: string | undefined;
  private swallowing = false;

  private constructor(private target: URL) {}

  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    await proxy.restore();
    return proxy;
  }

  /** The URL of the store, through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Ends every connection and refuses new ones. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Ends every connection and leads new ones to another store, as a failover does. */
  async redirect(url: string): Promise<void> {
    await this.cut();
    this.target = new URL(url);
    await this.restore();
  }

  /** Keeps every connection and forwards nothing in either direction: the store is there and silent. */
  stall(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** Also accepts new connections and forwards nothing: a black hole. */
  swallow(): void {
    this.swallowing = true;
    this.stall();
  }

  /** Forwards requests to the store, and keeps its answers: what was asked happens, and no answer comes. */
  mute(): void {
    for (const socket of this.fromStore) socket.unpipe().pause();
  }

  /** Mutes it as soon as a request with this text has been forwarded. */
  muteAfter(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.watch = (chunk) => {
        if (!chunk.includes(text)) return;
        this.watch = undefined;
        this.mute();
        resolve();
      };
    });
  }

  /** Drops requests with this text, and all that follow on the same connection: they never reach the store. */
  drop(text: string | undefined): void {
    this.dropped = text;
  }

  /** Lets connections through again, at the same address. */
  async restore(): Promise<void> {
    this.swallowing = false;
    if (this.server !== undefined) return;
    const server = createServer((near) => this.join(near));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  private join(near: Socket): void {
    if (this.swallowing) {
      this.sockets.add(near.on('error', () => undefined).once('close', () => this.sockets.delete(near)));
      return;
    }
    const far = connect(Number(this.target.port), this.target.hostname);
    this.fromStore.add(far);
    near.on('data', (chunk: Buffer) => this.watch?.(chunk));
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        this.fromStore.delete(socket);
        peer.destroy();
      });
    }
    near.pipe(this.requestFilter()).pipe(far);
    far.pipe(near);
  }

  private requestFilter(): Transform {
    let dropping = false;
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        dropping ||= this.dropped !== undefined && chunk.includes(this.dropped);
        done(null, dropping ? undefined : chunk);
      },
    });
  }
}
