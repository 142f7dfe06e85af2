import { isIP } from 'node:net';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type NodemailerError, type Transporter } from 'nodemailer';
import type { MailConfig } from '#config';
import { UndeliverableError } from '#platform/events';
import { type Mail, Mailer } from './mailer.js';

/** Connections that an instance holds to the mail server at most. */
const MAX_CONNECTIONS = 4;
/** Together shorter than a handler of delivered events may take, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 20_000;
/** Longer texts of a server are cut. */
const MAX_REASON_LENGTH = 200;

/** Sends mails through a server (RFC 5321), over TLS where it offers that. */
@Injectable()
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
      greetingTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ to, subject, text, html }: Mail): Promise<void> {
    try {
      await this.transport.sendMail({
        from: this.from,
        to: { name: '', address: to },
        subject,
        text,
        html,
        // No answer of a holiday notice or the like (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
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

/** Without what a server says of the message itself: it may quote the link in it. */
function explained(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('The mail was not sent');
  const { command = '', responseCode, response } = error as NodemailerError;
  if (responseCode === undefined || response === undefined)
    return new Error(`The mail server failed: ${error.message}`);
  const stage = command.split(' ', 1)[0] ?? '';
  const said = stage === 'DATA' ? statusOf(response) : response.slice(0, MAX_REASON_LENGTH);
  const message = `The mail server answered ${command || 'the connection'} with ${said}`;
  // What it says to the greeting, STARTTLS or AUTH concerns every mail, and passes.
  const refused = responseCode >= 500 && (stage === 'RCPT' || stage === 'DATA');
  return refused ? new UndeliverableError(message) : new Error(message);
}

/** The status codes of a reply (RFC 5321, section 4.2; RFC 3463): `550 5.7.1`. */
function statusOf(response: string): string {
  return /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response)?.[0] ?? 'no status';
}
