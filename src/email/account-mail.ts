import { uuidV7 } from '#platform/database';
import type { RequestFacts } from '#platform/events';

/** The mails about an account, which are also the names of their templates. */
export const ACCOUNT_MAILS = [
  'password-reset',
  'email-verification',
  'invitation',
  'password-changed',
  'email-changed',
  'new-device',
] as const;

export type AccountMailKind = (typeof ACCOUNT_MAILS)[number];

/** Which account, and which of its addresses. */
export interface Addressee {
  /** Without it, the account that has the email, if there is one. */
  readonly userId?: string;
  /** Without it, the account's at the time of sending. Verifications and invitations are sent to no other than this. */
  readonly email?: string;
  /** Whether it was the account's before a change. */
  readonly former?: boolean;
}

/** A mail that is to be sent after the commit. Holds no token: one is created when the mail is sent. */
export class AccountMailRequested {
  readonly id = uuidV7();
  readonly at = new Date();

  /** @param request what asked for it; `null` for an operator's command */
  constructor(
    readonly kind: AccountMailKind,
    readonly addressee: Addressee,
    readonly language: string,
    readonly request: RequestFacts | null,
  ) {}
}
