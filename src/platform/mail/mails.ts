import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { uuidV7 } from '#platform/database';
import { EventBus, type Transaction } from '#platform/events';
import { requestContext } from '#platform/request';
import { MailTemplates } from './mail-templates.js';
import { Mailer } from './mailer.js';
import { MAIL_HANDLER_TIMEOUT_MS } from './smtp-mailer.js';

/** A mail that is to be sent. */
export interface NewMail {
  readonly to: string;
  /** `<extension>.<name>` of a template in the extension's folder. */
  readonly template: string;
  /** What stands in the place of `{{name}}`. It waits in the database: no passwords, no tokens. */
  readonly values?: Readonly<Record<string, string | Date>>;
  /** By default the one that the client of this request prefers, of those that the template is written in. */
  readonly language?: string;
}

/** A mail whose transaction has committed. */
class MailQueued {
  readonly id = uuidV7();

  constructor(
    readonly to: string,
    readonly template: string,
    readonly language: string,
    readonly values: Readonly<Record<string, string | Date>>,
  ) {}
}

/** Sends the mails of extensions, through the outbox: at least once, and none whose transaction is rolled back. */
@Injectable()
export class Mails implements OnModuleInit {
  private readonly logger = new Logger('Mail');

  constructor(
    @Inject(Mailer) private readonly mailer: Mailer | undefined,
    private readonly templates: MailTemplates,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    const { mailer } = this;
    if (mailer === undefined) return;
    const send = ({ to, template, language, values }: MailQueued) =>
      mailer.send({ to, ...this.templates.render(template, language, values) });
    this.events.delivered(MailQueued, 'mail', send, { key: ({ id }) => id, timeoutMs: MAIL_HANDLER_TIMEOUT_MS });
  }

  /**
   * Sends a mail once the transaction has committed. Without `MAIL_URL` in production, it only warns.
   *
   * @throws Error for a template that does not exist
   */
  async queue({ to, template, values = {}, language }: NewMail, transaction: Transaction): Promise<void> {
    if (!this.templates.has(template)) throw new Error(`There is no mail template ${template}`);
    if (this.mailer === undefined) {
      this.logger.warn(`The mail ${template} is not sent: MAIL_URL is not set`);
      return;
    }
    const accepted = requestContext()?.headers['accept-language'];
    const chosen = language ?? this.templates.languageFor(template, accepted);
    await transaction.publish(new MailQueued(to, template, chosen, values));
  }
}
