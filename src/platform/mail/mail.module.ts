import { Global, Module } from '@nestjs/common';
import { AppConfig } from '#config';
import { FileMailer } from './file-mailer.js';
import { Mailer } from './mailer.js';
import { MailTemplates } from './mail-templates.js';
import { Mails } from './mails.js';
import { SmtpMailer } from './smtp-mailer.js';

@Global()
@Module({
  providers: [{ provide: Mailer, inject: [AppConfig], useFactory: createMailer }, MailTemplates, Mails],
  exports: [Mailer, MailTemplates, Mails],
})
export class MailModule {}

/** `undefined` where no mail is sent. */
function createMailer({ mail }: AppConfig): Mailer | undefined {
  if (mail === undefined) return undefined;
  return mail.to.kind === 'smtp' ? new SmtpMailer(mail.to.url, mail.from) : new FileMailer(mail.to.folder, mail.from);
}
