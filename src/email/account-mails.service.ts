import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { type AccountLinks, AppConfig, TOKEN_PLACEHOLDER } from '#config';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { type Mail, MAIL_HANDLER_TIMEOUT_MS, Mailer, MailTemplates } from '#platform/mail';
import { requestContext } from '#platform/request';
import {
  awaitsAcceptance,
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

/** Mails that tell an owner what was done to the account. They hold no link. */
const NOTICES: ReadonlySet<AccountMailKind> = new Set(['password-changed', 'email-changed', 'new-device']);

/** How long (ms) the work for a forgotten password waits. A known email takes more work, and would slow the client's next request. */
const LEAST_DELAY_MS = 200;
const MOST_DELAY_MS = 1_400;

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
      key: ({ id }) => id,
      timeoutMs: MAIL_HANDLER_TIMEOUT_MS,
      delayMs: ({ kind }) =>
        kind === 'password-reset' ? LEAST_DELAY_MS + Math.random() * (MOST_DELAY_MS - LEAST_DELAY_MS) : 0,
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
    const admitted =
      kind === 'invitation' ? 'new' : await this.limits.admit({ id, ...this.countedAs(event) }, transaction.db);
    const user = admitted === 'refused' ? null : await this.find(event, transaction);
    if (user === null || !isDue(event, user)) return undefined;
    if (admitted === 'new' && kind === 'password-reset' && request !== null) {
      await transaction.publish(new PasswordResetRequested(user.id, request));
    }
    const link = await this.linkFor(event, user, transaction);
    const values = { username: user.username, link, time: at, address: request?.ip ?? '–' };
    // The address as stored, not as a client typed it; after a change, the old one too.
    const to = (kind === 'email-changed' ? addressee.email : undefined) ?? user.email;
    return { to, ...this.templates.render(kind, language, values) };
  }

  private async find(
    { kind, addressee }: AccountMailRequested,
    transaction: Transaction,
  ): Promise<UserWithPassword | null> {
    const { userId, email = '' } = addressee;
    if (userId === undefined) return this.users.lockByEmail(email, transaction);
    // A thief must not silence a notice by deleting the account.
    if (NOTICES.has(kind)) return this.users.lockEvenDeleted(userId, transaction);
    return this.users.lockWithoutRules(userId, transaction);
  }

  /** @returns an empty text for a mail without a link */
  private async linkFor(
    { id, kind }: AccountMailRequested,
    user: UserWithPassword,
    transaction: Transaction,
  ): Promise<string> {
    const link = LINKS[kind];
    const pages = this.config.mail?.links;
    if (link === undefined || pages === undefined) return '';
    const token = await this.tokens.issueForMail(link.purpose, user, id, transaction);
    return pages[link.page].replaceAll(TOKEN_PLACEHOLDER, token);
  }

  /**
   * A forgotten password counts for the email that was typed, whether or not an account has it. Notices do not count for the
   * client's address: a thief would use its mails up first.
   */
  private countedAs({ kind, addressee, request }: AccountMailRequested) {
    // The former and the new address each get the notice of a change.
    const { userId, email = '', former = false } = addressee;
    const account = userId ?? foldName(email);
    const address = request === null || NOTICES.has(kind) ? null : this.hmacOf('address', normalizeIp(request.ip));
    return { account: this.hmacOf('account', kind, account, String(former)), address };
  }

  private hmacOf(...counted: readonly string[]): Buffer {
    return createHmac('sha256', this.hmacKey).update(JSON.stringify(counted)).digest();
  }
}

/** Whether the account still needs the mail, as it is now. */
function isDue({ kind, addressee }: AccountMailRequested, user: UserWithPassword): boolean {
  switch (kind) {
    case 'password-reset':
      return user.status === 'active' && user.passwordHash !== null;
    case 'email-verification':
      return (
        user.status === 'active' && !user.emailVerified && foldName(addressee.email ?? '') === foldName(user.email)
      );
    case 'invitation':
      return awaitsAcceptance(user) && foldName(addressee.email ?? '') === foldName(user.email);
    case 'password-changed':
    case 'email-changed':
    case 'new-device':
      return true;
  }
}
