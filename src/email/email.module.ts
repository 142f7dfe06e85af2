import { Module } from '@nestjs/common';
import { UsersModule } from '#users';
import { AccountMailRules } from './account-mail-rules.js';
import { AccountMailsService } from './account-mails.service.js';
import { EmailVerificationController } from './email-verification.controller.js';
import { InvitationsController } from './invitations.controller.js';
import { MailLimitsRepository } from './mail-limits.repository.js';
import { PasswordRecoveryController } from './password-recovery.controller.js';
import { SentMailsSweeper } from './sent-mails-sweeper.js';

/** Forgotten passwords, verified emails, invitations, and notices to owners. Left out where no mail is sent. */
@Module({
  imports: [UsersModule],
  controllers: [PasswordRecoveryController, EmailVerificationController, InvitationsController],
  providers: [AccountMailsService, AccountMailRules, MailLimitsRepository, SentMailsSweeper],
})
export class EmailModule {}
