export { MailLanguage } from './mail-language.decorator.js';
export { escapeHtml } from './mail-template.js';
export { MailModule } from './mail.module.js';
export { MailTemplates } from './mail-templates.js';
export { type Mail, Mailer } from './mailer.js';
export { MAIL_HANDLER_TIMEOUT_MS } from './smtp-mailer.js';
export { Mails, type NewMail } from './mails.js';
