import { isIP } from 'node:net';
import type { OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type NodemailerError, type Transporter } from 'nodemailer';
import type { MailConfig } from '#config';
import { UndeliverableError } from '#platform/events';
import { type Mail, Mailer } from './mailer.js';
import { messageOf } from './message.js';

/** Connections that an instance holds to the mail server at most. */
const MAX_CONNECTIONS = 4;
/** How long (ms) a mail may take. Its handler has longer, or a mail would be sent again that is still on its way. */
const SEND_TIMEOUT_MS = 120_000;
export const MAIL_HANDLER_TIMEOUT_MS = SEND_TIMEOUT_MS + 30_000;
const CONNECTION_TIMEOUT_MS = 10_000;
/** At any stage: a server may look up much before it answers. */
const SILENCE_TIMEOUT_MS = 60_000;
/** The status codes of a reply (RFC 5321, section 4.2; RFC 3463): `550 5.7.1`. */
const STATUS = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/;
/** Longer texts of a server are cut. */
const MAX_REASON_LENGTH = 200;

/** Sends mails through a server (RFC 5321), over TLS where it offers that. */
export class SmtpMailer extends Mailer implements OnApplicationShutdown {
  private readonly transport: Transporter;

  /** @param url `smtp://` or `smtps://`, with user and password */
  constructor(
    url: string,
    private readonly from: MailConfig['from'],
  ) {
    super();
    this.transport = createTransport({
      ...connectionOf(url),
      pool: true,
      maxConnections: MAX_CONNECTIONS,
      // The outbox tries again.
      maxRequeues: 0,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      dnsTimeout: CONNECTION_TIMEOUT_MS,
      greetingTimeout: SILENCE_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(mail: Mail): Promise<void> {
    try {
      await this.transport.sendMail({ ...messageOf(mail, this.from), signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
    } catch (error) {
      throw explained(error);
    }
  }

  /** After the outbox, whose handlers send, has stopped. What is still under way, another instance sends again. */
  onApplicationShutdown(): void {
    this.transport.close({ force: true });
  }
}

function connectionOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const credentials = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return {
    host,
    secure: protocol === 'smtps:',
    ...(port === '' ? {} : { port: Number(port) }),
    // A password must not cross a network in the clear.
    ...(username === '' ? {} : { auth: credentials, requireTLS: !isLoopback(host) }),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Before the mail itself, a server's words concern the connection or the recipient. After it, they may quote the link. */
const SAFE_STAGES = new Set(['EHLO', 'HELO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT']);

function explained(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('The mail was not sent');
  const { command = '', code = 'an error', responseCode, response } = error as NodemailerError;
  if (response === undefined) return new Error(`The mail server failed: ${error.message}`);
  const stage = command.split(' ', 1)[0] ?? '';
  const said = SAFE_STAGES.has(stage) ? response.slice(0, MAX_REASON_LENGTH) : (STATUS.exec(response)?.[0] ?? code);
  const message = `The mail server answered ${stage === 'CONN' ? 'the connection' : command} with ${said}`;
  // What it says to the greeting, STARTTLS or AUTH concerns every mail, and passes.
  const refused = responseCode !== undefined && responseCode >= 500 && (stage === 'RCPT' || stage === 'DATA');
  return refused ? new UndeliverableError(message) : new Error(message);
}
