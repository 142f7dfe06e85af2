import type { MailConfig } from '#config';
import type { Mail } from './mailer.js';

/** A mail as nodemailer takes it. */
export function messageOf({ to, subject, text, html }: Mail, from: MailConfig['from']) {
  return {
    from,
    // Not parsed, so that no address becomes two.
    to: { name: '', address: to },
    subject,
    text,
    html,
    // Keeps autoresponders from replying (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
