import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NewDeviceUsed, VerificationNeeded } from '#auth';
import { AppConfig } from '#config';
import { EventBus, type Transaction } from '#platform/events';
import {
  EmailVerificationRequested,
  foldName,
  type User,
  UserCreated,
  UserInvited,
  UserPasswordChanged,
  UserPasswordReset,
  UserUpdated,
} from '#users';
import { AccountMailsService } from './account-mails.service.js';

/** Requests a mail for each event that the account's owner must hear about. */
@Injectable()
export class AccountMailRules implements OnModuleInit {
  constructor(
    private readonly mails: AccountMailsService,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    const { events, mails } = this;
    events.withinTransaction(UserCreated, async ({ user }, transaction) => {
      // An invited one is inactive until the invitation is accepted, which verifies the email.
      if (user.status === 'active' && !user.emailVerified) await this.requestVerification(user, transaction);
    });
    events.withinTransaction(UserUpdated, ({ before, after }, transaction) =>
      this.noticeNewEmail(before, after, transaction),
    );
    events.withinTransaction(EmailVerificationRequested, ({ user }, transaction) =>
      this.requestVerification(user, transaction),
    );
    events.withinTransaction(VerificationNeeded, ({ userId, email }, transaction) =>
      this.requestVerification({ id: userId, email }, transaction),
    );
    events.withinTransaction(UserInvited, ({ user }, transaction) =>
      mails.request('invitation', { userId: user.id, email: user.email }, transaction),
    );
    events.withinTransaction(UserPasswordChanged, ({ userId }, transaction) =>
      mails.request('password-changed', { userId }, transaction),
    );
    events.withinTransaction(UserPasswordReset, ({ user }, transaction) =>
      mails.request('password-changed', { userId: user.id }, transaction),
    );
    if (this.config.mail?.newDeviceNotice !== true) return;
    events.withinTransaction(NewDeviceUsed, ({ userId }, transaction) =>
      mails.request('new-device', { userId }, transaction),
    );
  }

  private requestVerification({ id, email }: Pick<User, 'id' | 'email'>, transaction: Transaction): Promise<void> {
    return this.mails.request('email-verification', { userId: id, email }, transaction);
  }

  private async noticeNewEmail(before: User, after: User, transaction: Transaction): Promise<void> {
    if (foldName(before.email) === foldName(after.email)) return;
    await this.requestVerification(after, transaction);
    for (const { id, email } of [before, after]) {
      await this.mails.request('email-changed', { userId: id, email, former: email === before.email }, transaction);
    }
  }
}
