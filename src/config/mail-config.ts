import { join } from 'node:path';
import type { Environment } from './environment.js';
import { readSender, type Sender, TOKEN_PLACEHOLDER } from './mail-values.js';

/** Pages of the application itself, or of the operator. `{token}` stands for the token. */
export interface AccountLinks {
  readonly resetPassword: string;
  readonly verifyEmail: string;
  readonly acceptInvitation: string;
}

export interface MailConfig {
  /** The mail server's URL, or the folder that mails are written to. */
  readonly to: { readonly kind: 'smtp'; readonly url: string } | { readonly kind: 'files'; readonly folder: string };
  readonly from: Sender;
  /** The folder of templates that replace those that come with the application. */
  readonly templates: string | undefined;
  readonly links: AccountLinks;
  /** Whether owners get a notice of a login from a new device. */
  readonly newDeviceNotice: boolean;
}

/** For a service that sends mail: through a server, or into files. */
export function mailConfig(env: Environment): MailConfig {
  const url = env.PUBLIC_URL ?? `http://localhost:${env.PORT}`;
  const page = (name: string) => `${url}/account/${name}#token=${TOKEN_PLACEHOLDER}`;
  return {
    to:
      env.MAIL_URL === undefined
        ? { kind: 'files', folder: join(env.DATA_DIR, 'mail') }
        : { kind: 'smtp', url: env.MAIL_URL },
    from: readSender(env.MAIL_FROM ?? 'User Management API <no-reply@localhost>'),
    templates: env.MAIL_TEMPLATES_DIR,
    links: {
      resetPassword: env.RESET_PASSWORD_URL ?? page('reset-password'),
      verifyEmail: env.VERIFY_EMAIL_URL ?? page('verify-email'),
      acceptInvitation: env.ACCEPT_INVITATION_URL ?? page('accept-invitation'),
    },
    newDeviceNotice: env.NEW_DEVICE_NOTICE === 'on',
  };
}
