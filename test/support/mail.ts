import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { PrismaService } from '../../src/platform/database/index.js';
import { OutboxRepository } from '../../src/platform/events/index.js';
import { startApp, type TestApp } from './app.js';
import { createStores, onServers, type Stores } from './stores.js';
import { waitUntil } from './wait.js';

/** A mail as its reader sees it. */
export interface ReadMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The link's token; empty where there is none. */
  readonly token: string;
  readonly link: string;
}

/** Where the mails of an application arrive. */
export interface Mailbox {
  readonly all: () => Promise<ReadMail[]>;
  /** Waits for the mail to this address with this in its subject; for the `count`th of them. */
  readonly next: (to: string, subject: string, count?: number) => Promise<ReadMail>;
  readonly close: () => Promise<void>;
}

/** The subjects of the English templates. */
export const SUBJECTS = {
  reset: 'Choose a new password',
  verification: 'Confirm your email address',
  invitation: 'You are invited to User Management API',
  passwordChanged: 'Your password was changed',
  emailChanged: 'Your email address was changed',
  newDevice: 'A login from a new device',
} as const;

/** What a server may refuse. */
export type Stage = 'greeting' | 'login' | 'recipient' | 'content';

let clients = 0;

/** A request from an address that no other request of the suite comes from; the application trusts 127.0.0.1 as a proxy. */
export function fromAnywhere() {
  clients += 1;
  return { 'x-forwarded-for': `10.1.${clients >> 8}.${clients & 255}` };
}

/** A real SMTP server on a free port of 127.0.0.1. */
export class MailServer {
  readonly received: ReadMail[] = [];
  /** The code and text that each stage is answered with, in place of its success. */
  readonly refusals = new Map<Stage, readonly [code: number, text: string]>();
  /** Called when a mail has arrived, before the server says so. */
  onArrival: (() => Promise<void>) | undefined;
  private server: SMTPServer | undefined;
  private port = 0;

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    await server.resume();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Opens the port, after `stop` the same one. */
  async resume(): Promise<void> {
    const receive = callbackify(async (stream: Readable) => {
      const mail = asRead(await simpleParser(stream));
      this.refuse('content');
      this.received.push(mail);
      await this.onArrival?.();
    });
    const check = callbackify(async (stage: Stage) => this.refuse(stage));
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 100,
      onConnect: (_session, done) => check('greeting', done),
      onAuth: ({ username }, _session, done) => check('login', (error) => done(error, { user: username })),
      onRcptTo: (_address, _session, done) => check('recipient', done),
      onData: (stream, _session, done) => receive(stream, done),
    });
    // Clients that are killed in the middle.
    server.on('error', () => undefined);
    const listening = server.listen(this.port, '127.0.0.1');
    await once(listening, 'listening');
    this.port = (listening.address() as AddressInfo).port;
    this.server = server;
  }

  private refuse(stage: Stage): void {
    const refusal = this.refusals.get(stage);
    if (refusal === undefined) return;
    const [responseCode, text] = refusal;
    throw Object.assign(new Error(text), { responseCode });
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** An application whose mails go through an SMTP server, or on embedded stores into files; and the mailbox. */
export async function startWithMail(
  env: Readonly<Record<string, string>> = {},
  shared?: Stores,
): Promise<{ test: TestApp; mailbox: Mailbox }> {
  const stores = shared ?? (await createStores());
  const server = onServers ? await MailServer.start() : undefined;
  const test = await startApp({ ...(server === undefined ? {} : { MAIL_URL: server.url }), ...env }, stores);
  const folder = join(stores.env['DATA_DIR'] ?? '', 'mail');
  const all = async () => (server === undefined ? readFolder(folder) : server.received);
  const close = async () => {
    await test.close();
    await server?.stop();
    if (shared === undefined) await stores.remove();
  };
  return { test, mailbox: { all, next: (...wanted) => nextOf(all, ...wanted), close } };
}

/** The mails in a folder of files, the oldest first. */
export async function readFolder(folder: string): Promise<ReadMail[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.eml')) : [];
  const mails = files.toSorted().map((name) => simpleParser(readFileSync(join(folder, name))));
  return (await Promise.all(mails)).map(asRead);
}

export async function nextOf(
  all: () => Promise<ReadMail[]>,
  to: string,
  subject: string,
  count = 1,
): Promise<ReadMail> {
  let found: ReadMail | undefined;
  await waitUntil(`mail ${count} to ${to}: ${subject}`, async () => {
    const mails = (await all()).filter((mail) => mail.to === to && mail.subject.includes(subject));
    found = mails[count - 1];
    return found !== undefined;
  });
  if (found === undefined) throw new Error('There is no mail');
  return found;
}

function asRead({ from, to, subject = '', text = '', html }: ParsedMail): ReadMail {
  const link = /https?:\/\/\S+/.exec(text)?.[0] ?? '';
  return {
    from: from?.text ?? '',
    to: [to ?? []]
      .flat()
      .map((address) => address.text)
      .join(', '),
    subject,
    text,
    html: html === false ? '' : (html ?? ''),
    link,
    token: /[#?]t(?:oken)?=([\w-]+)/.exec(link)?.[1] ?? '',
  };
}

/** Waits until every mail that was asked for has been sent or left out. */
export async function mailsSettled(test: TestApp): Promise<void> {
  const messages = test.app.get(OutboxRepository);
  await waitUntil('no message waits', async () => (await messages.state()).waiting === 0, 20_000);
}

/** All that is stored, as text. */
export async function allRows(test: TestApp): Promise<string> {
  const prisma = test.app.get(PrismaService);
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'audit')`;
  const rows: { row: string }[] = [];
  for (const { name } of tables) {
    rows.push(...(await prisma.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS row FROM ${name} AS t`)));
  }
  return rows.map(({ row }) => row).join('\n');
}
