import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { MailConfig } from '#config';
import { type Mail, Mailer } from './mailer.js';

/** Writes mails into a folder, so that the flows with links work on one machine without a mail server. */
@Injectable()
export class FileMailer extends Mailer {
  private readonly logger = new Logger('Mail');
  private readonly transport = createTransport({ streamTransport: true, buffer: true });

  constructor(
    private readonly folder: string,
    private readonly from: MailConfig['from'],
  ) {
    super();
  }

  async send({ to, subject, text, html, kind }: Mail): Promise<void> {
    const { message } = await this.transport.sendMail({
      from: this.from,
      to: { name: '', address: to },
      subject,
      text,
      html,
    });
    // Sorted by name, the newest comes last.
    const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
    const file = join(this.folder, `${time}-${kind}-${randomUUID().slice(0, 8)}.eml`);
    // The link in it is as good as a password.
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.part`, message, { mode: 0o600 });
    await rename(`${file}.part`, file);
    this.logger.log(`Wrote ${file}`);
  }
}
