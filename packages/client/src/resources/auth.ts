import { type Api, memberOf } from '../api.js';
import { acceptInvitation, forgotPassword, resetPassword, verifyEmail } from '../generated/sdk.gen.js';
import type { AcceptedInvitation, EmailVerification, PasswordReset, PasswordResetRequest, User } from '../types.js';

/** What users without a session do, with a token from a mail. None of these logs in. */
export class Auth {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Mails a link by which the user sets another password. Succeeds for unknown emails, too. */
  async forgotPassword(request: PasswordResetRequest): Promise<void> {
    await forgotPassword({ ...this.api.open, body: request });
  }

  /** Sets another password. Ends every session of the user. @throws UnauthorizedError where the token is dead */
  async resetPassword(reset: PasswordReset): Promise<void> {
    await resetPassword({ ...this.api.open, body: reset });
  }

  /** Verifies the email that the token was mailed to. @throws UnauthorizedError where the token is dead */
  async verifyEmail(verification: EmailVerification): Promise<User> {
    return memberOf(await verifyEmail({ ...this.api.open, body: verification }), 'user');
  }

  /** Chooses the password of an invited user. @throws UnauthorizedError where the token is dead */
  async acceptInvitation(invitation: AcceptedInvitation): Promise<User> {
    return memberOf(await acceptInvitation({ ...this.api.open, body: invitation }), 'user');
  }
}
