import { type AddressInfo, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ListedMessage, OutboxRepository } from '../../src/platform/events/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { MailServer, mailsSettled, type Stage, SUBJECTS } from '../support/mail.js';
import { freePort } from '../support/process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

/** The first pause is five seconds at most. */
const RETRIED_WITHIN_MS = 15_000;

/** Registers an account. It takes no longer than ever, whatever the mail server does. */
async function create({ api }: TestApp) {
  const account = newAccount();
  const start = performance.now();
  const { status } = await api.post('/users', account);
  expect([status, performance.now() - start < 2_000]).toEqual([201, true]);
  return account;
}

const listed = (test: TestApp) => test.app.get(OutboxRepository).list(100);

/** Waits for the only message of the outbox to have failed once. */
async function failedOnce(test: TestApp): Promise<ListedMessage> {
  let failed: ListedMessage | undefined;
  await eventually(async () => {
    [failed] = await listed(test);
    expect(failed).toMatchObject({ handler: 'account-mail', attempts: 1, lastError: expect.any(String) });
  });
  if (failed === undefined) throw new Error('No message failed');
  return failed;
}

describe('A mail', () => {
  let server: MailServer;
  let proxy: TcpProxy;
  let test: TestApp;
  beforeAll(async () => {
    server = await MailServer.start();
    proxy = await TcpProxy.to(server.url);
    const { port } = new URL(proxy.url);
    test = await startApp({
      MAIL_URL: `smtp://user:p%40ss%23word@127.0.0.1:${port}`,
      MAIL_FROM: 'Accounts, Inc. <no-reply@accounts.test>',
      TRUST_PROXY: '127.0.0.1',
    });
  });
  afterAll(async () => {
    await test.close();
    await proxy.cut();
    await server.stop();
  });
  afterEach(async () => {
    server.refusals.clear();
    server.onArrival = undefined;
    await test.app.get(OutboxRepository).discard(undefined);
  });

  const invitations = (to: string) => received(to).filter(({ subject }) => subject.startsWith('You are invited'));
  const received = (email: string) => server.received.filter(({ to }) => to === email);

  it('comes from MAIL_FROM, in text and HTML', async () => {
    const { email, username } = await create(test);
    await eventually(() => expect(received(email)).toHaveLength(1));
    const [mail] = received(email);
    expect(mail).toMatchObject({ from: '"Accounts, Inc." <no-reply@accounts.test>', subject: SUBJECTS.verification });
    expect(mail?.html).toContain(username);
    expect(mail?.text).toContain(`open this page within 24 hours:\n\n${mail?.link}`);
  });

  it.each<[Stage, number, string, string]>([
    ['recipient', 550, '5.1.1 No such mailbox', 'The mail server answered RCPT TO with 550 5.1.1 No such mailbox'],
    // A server may quote the mail, and with it the link.
    ['content', 554, '5.7.1 Spam: http://localhost/#token=x', 'The mail server answered DATA with 554 5.7.1'],
  ])('whose %s is refused for good with %d is given up at once', async (stage, code, text, lastError) => {
    server.refusals.set(stage, [code, text]);
    await create(test);
    expect(await failedOnce(test)).toMatchObject({ failed: true, lastError });
  });

  it.each<[Stage, number]>([
    ['greeting', 554],
    ['login', 535],
    ['recipient', 451],
    ['content', 451],
  ])('is sent again within 10 s when the %s was answered %d', async (stage, code) => {
    // A pooled connection has been greeted and logged in already.
    await proxy.cut();
    await proxy.restore();
    server.refusals.set(stage, [code, 'Not now']);
    const { email } = await create(test);
    expect(await failedOnce(test)).toMatchObject({ failed: false });
    expect(received(email)).toEqual([]);
    server.refusals.clear();
    await eventually(() => expect(received(email)).toHaveLength(1), RETRIED_WITHIN_MS);
    await mailsSettled(test);
  });

  it('arrives at least once when the connection drops after the data, each time with a link that works', async () => {
    server.onArrival = async () => {
      server.onArrival = undefined;
      await proxy.cut();
      await proxy.restore();
    };
    const { email } = await create(test);
    await failedOnce(test);
    await eventually(() => expect(received(email)).toHaveLength(2), RETRIED_WITHIN_MS);
    const [first, second] = received(email);
    expect(first?.token).not.toBe(second?.token);
    // The token before stays good.
    const verified = await test.api.post('/auth/verify-email', { token: first?.token });
    expect(verified.status).toBe(200);
  });

  it('of a repeated invitation does not wait for the first one, whose address the account has no longer', async () => {
    const { token } = await test.admin();
    const { username, email } = newAccount();
    const invite = (body: object) => test.api.post('/users/invitations', { username, ...body }, { token });
    server.refusals.set('recipient', [451, 'Not now']);
    const { body } = await invite({ email });
    await failedOnce(test);
    server.refusals.clear();
    const right = newAccount().email;
    expect((await test.api.patch(`/users/${body.data.user.id}`, { email: right }, { token })).status).toBe(200);
    expect((await invite({ email: right })).status).toBe(200);
    await eventually(() => expect(invitations(right)).toHaveLength(1), 2_000);
    await mailsSettled(test);
    expect([...invitations(email), ...invitations(right).slice(1)]).toEqual([]);
  });

  it('waits for a server that is away', async () => {
    await proxy.cut();
    const { email } = await create(test);
    await failedOnce(test);
    await proxy.restore();
    await eventually(() => expect(received(email)).toHaveLength(1), RETRIED_WITHIN_MS);
  });
});

/** A server that answers each command with the text of this function, and is hung up on after it answered `undefined`. */
async function scriptedServer(reply: (line: string, link: string) => string | undefined) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write('220 mail.test\r\n');
    let content: string | undefined;
    socket.setEncoding('utf8').on('data', (text: string) => {
      if (content !== undefined) {
        content += text;
        if (!content.endsWith('\r\n.\r\n')) return;
        const link = /https?:\/\/\S+/.exec(content.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[0] ?? '';
        content = undefined;
        const answer = reply('CONTENT', link);
        return answer === undefined ? socket.destroy() : socket.write(answer);
      }
      for (const line of text.split('\r\n').filter(Boolean)) {
        if (line === 'DATA') content = '';
        socket.write(line === 'DATA' ? '354 Go on\r\n' : (reply(line, '') ?? '250 OK\r\n'));
      }
      return undefined;
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('What a mail server says of a mail', () => {
  it.each<[string, (line: string, link: string) => string | undefined, string, boolean]>([
    [
      'with a status',
      (line, link) => (line === 'CONTENT' ? `554 5.7.1 Spam: ${link}\r\n` : undefined),
      '554 5.7.1',
      true,
    ],
    ['without a status', (line, link) => (line === 'CONTENT' ? `Spam: ${link}\r\n` : undefined), 'EMESSAGE', false],
    ['with a NUL', (line) => (line.startsWith('RCPT') ? '550 No such \0 user\r\n' : undefined), '550 No such', true],
  ])('%s is noted without the link that it may quote', async (_, reply, said, failed) => {
    const server = await scriptedServer(
      (line, link) => reply(line, link) ?? (line === 'CONTENT' ? '250 OK\r\n' : undefined),
    );
    const test = await startApp({ MAIL_URL: server.url });
    try {
      await create(test);
      const message = await failedOnce(test);
      expect(message).toMatchObject({ failed, lastError: expect.stringContaining(said) });
      expect(message.lastError).not.toMatch(/token|http/);
    } finally {
      await test.close();
      server.close();
    }
  });
});

describe('A mail server that accepts connections and says nothing', () => {
  it('delays no request and no stop', async () => {
    const silent: Socket[] = [];
    const port = await freePort();
    const server = createServer((socket) => silent.push(socket)).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const test = await startApp({ MAIL_URL: `smtp://127.0.0.1:${port}` });
    try {
      for (let count = 0; count < 12; count += 1) await create(test);
      await eventually(() => expect(silent.length).toBeGreaterThan(0));
    } finally {
      const start = performance.now();
      await test.close();
      expect(performance.now() - start).toBeLessThan(9_000);
      for (const socket of silent) socket.destroy();
      server.close();
    }
  });
});
