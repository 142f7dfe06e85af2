export { MailModule } from './mail.module.js';
export { MailTemplates } from './mail-templates.js';
export { type Mail, Mailer } from './mailer.js';
export { Mails, type NewMail } from './mails.js';
