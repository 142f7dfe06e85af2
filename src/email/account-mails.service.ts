import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { type AccountLinks, AppConfig, type MailConfig, TOKEN_PLACEHOLDER } from '#config';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { type Mail, Mailer, MailTemplates } from '#platform/mail';
import { requestContext } from '#platform/request';
import {
  foldName,
  OneTimeTokensService,
  PasswordResetRequested,
  type TokenPurpose,
  UsersService,
  type UserWithPassword,
} from '#users';
import { type AccountMailKind, AccountMailRequested, type Addressee } from './account-mail.js';
import { MailLimitsRepository } from './mail-limits.repository.js';

/** The mails that hold a link, what its token is for, and the page behind it. */
const LINKS: Readonly<Partial<Record<AccountMailKind, { purpose: TokenPurpose; page: keyof AccountLinks }>>> = {
  'password-reset': { purpose: 'password_reset', page: 'resetPassword' },
  'email-verification': { purpose: 'email_verification', page: 'verifyEmail' },
  invitation: { purpose: 'invitation', page: 'acceptInvitation' },
};

/**
 * How long (ms) the work for a forgotten password waits. An account has more of it than an unknown email, and the client's
 * next request must not feel the difference.
 */
const LEAST_DELAY_MS = 200;
const MOST_DELAY_MS = 1_200;

/** Sends the mails about accounts, through the outbox: at least once, and none for what was rolled back. */
@Injectable()
export class AccountMailsService implements OnModuleInit {
  private readonly hmacKey: Buffer;

  constructor(
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokensService,
    private readonly limits: MailLimitsRepository,
    private readonly transactions: Transactions,
    private readonly events: EventBus,
    private readonly mailer: Mailer,
    private readonly templates: MailTemplates,
    private readonly config: AppConfig,
  ) {
    this.hmacKey = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'sent mails', 32));
  }

  onModuleInit(): void {
    this.events.delivered(AccountMailRequested, 'account-mail', (event) => this.send(event), {
      // An invitation sent later has the last word; others wait for none.
      key: ({ id, kind, addressee }) => (kind === 'invitation' ? `invitation:${addressee.userId}` : id),
      delayMs: ({ kind }) => (kind === 'password-reset' ? LEAST_DELAY_MS + Math.random() * MOST_DELAY_MS : 0),
    });
  }

  /** Sends a mail once the transaction has committed, in the language that this request's client prefers. */
  async request(kind: AccountMailKind, addressee: Addressee, transaction: Transaction): Promise<void> {
    const context = requestContext();
    const language = this.templates.languageFor(kind, context?.headers['accept-language']);
    const { requestId, ip, userAgent } = context ?? {};
    const facts = requestId === undefined || ip === undefined ? null : { requestId, ip, userAgent: userAgent ?? null };
    await transaction.publish(new AccountMailRequested(kind, addressee, language, facts));
  }

  private async send(event: AccountMailRequested): Promise<void> {
    const mail = await this.transactions.run((transaction) => this.prepare(event, transaction));
    if (mail !== undefined) await this.mailer.send(mail);
  }

  /** @returns `undefined` where no mail is to be sent */
  private async prepare(event: AccountMailRequested, transaction: Transaction): Promise<Mail | undefined> {
    const { id, kind, addressee, request, language, at } = event;
    const user = await this.find(addressee, transaction);
    if (user === null || !isDue(event, user)) return undefined;
    if (kind !== 'invitation') {
      const admitted = await this.limits.admit({ id, ...this.countedAs(event, user) }, transaction.db);
      if (admitted === 'refused') return undefined;
      if (admitted === 'new' && kind === 'password-reset' && request !== null) {
        await transaction.publish(new PasswordResetRequested(user.id, request));
      }
    }
    const link = await this.linkFor(event, user, transaction);
    if (kind in LINKS && link === undefined) return undefined;
    const time = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(
      at,
    );
    const values = { username: user.username, link: link ?? '', time: `${time} UTC`, address: request?.ip ?? '–' };
    // As the account has it, however a client typed it.
    const to = (kind === 'email-changed' ? addressee.email : undefined) ?? user.email;
    return { to, ...this.templates.render(kind, language, values) };
  }

  private find({ userId, email }: Addressee, transaction: Transaction): Promise<UserWithPassword | null> {
    return userId === undefined
      ? this.users.lockByEmail(email ?? '', transaction)
      : this.users.lockWithPassword(userId, transaction);
  }

  private async linkFor(
    { id, kind }: AccountMailRequested,
    user: UserWithPassword,
    transaction: Transaction,
  ): Promise<string | undefined> {
    const link = LINKS[kind];
    if (link === undefined) return undefined;
    const token = await this.tokens.forMail(link.purpose, user, id, transaction);
    return token === undefined ? undefined : links(this.config.mail)?.[link.page].replaceAll(TOKEN_PLACEHOLDER, token);
  }

  private countedAs({ kind, addressee, request }: AccountMailRequested, user: UserWithPassword) {
    // The old and the new address each get the notice of a change.
    const recipient = kind === 'email-changed' ? [foldName(addressee.email ?? '')] : [];
    const address = request === null ? null : this.keyOf('address', normalizeIp(request.ip));
    return { account: this.keyOf('account', kind, user.id, ...recipient), address };
  }

  private keyOf(...counted: readonly string[]): Buffer {
    return createHmac('sha256', this.hmacKey).update(JSON.stringify(counted)).digest();
  }
}

function links(mail: MailConfig | undefined): AccountLinks | undefined {
  return mail?.links;
}

/** Whether the account still needs the mail, as it is now. */
function isDue({ kind, addressee }: AccountMailRequested, user: UserWithPassword): boolean {
  switch (kind) {
    case 'password-reset':
      return user.status === 'active';
    case 'email-verification':
      return (
        user.status === 'active' && !user.emailVerified && foldName(addressee.email ?? '') === foldName(user.email)
      );
    case 'invitation':
      return user.passwordHash === null;
    case 'password-changed':
    case 'email-changed':
    case 'new-device':
      return true;
  }
}
