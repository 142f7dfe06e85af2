import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { MailConfig } from '#config';
import { type Mail, Mailer } from './mailer.js';
import { messageOf } from './message.js';

/** Writes mails into a folder, so that the flows with links work on one machine without a mail server. */
export class FileMailer extends Mailer {
  private readonly logger = new Logger('Mail');
  private readonly transport = createTransport({ streamTransport: true, buffer: true });

  constructor(
    private readonly folder: string,
    private readonly from: MailConfig['from'],
  ) {
    super();
  }

  async send(mail: Mail): Promise<void> {
    const { message } = await this.transport.sendMail(messageOf(mail, this.from));
    // Sorted by name, the newest comes last.
    const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
    const file = join(this.folder, `${time}-${mail.kind}-${randomUUID().slice(0, 8)}.eml`);
    // The link in it is as good as a password.
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.part`, message, { mode: 0o600 });
    await rename(`${file}.part`, file);
    this.logger.log(`Wrote ${file}`);
  }
}
