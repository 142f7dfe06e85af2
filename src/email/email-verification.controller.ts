import { Body, Controller, Post } from '@nestjs/common';
import { Public, SelfOr } from '#platform/access';
import { MailLanguage } from '#platform/mail';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { BodyLimit, CurrentUser, MAX_AUTH_BODY_BYTES, type Principal, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { EmailVerificationsService, ONE_USER, UserReplies } from '#users';
import { VerifyEmailRequest } from './dto/verify-email.request.js';

@Controller()
export class EmailVerificationController {
  constructor(
    private readonly verifications: EmailVerificationsService,
    private readonly replies: UserReplies,
  ) {}

  @Post('users/:id/verification-email')
  @SelfOr('users:update')
  @ApiTags('Users')
  @MailLanguage()
  @ApiOperation({
    operationId: 'sendVerificationEmail',
    summary: 'Mail a link that verifies the email',
    description: 'The link is good for 24 hours.',
  })
  @ApiAnswer({ status: 202, description: 'Accepted. An account gets at most 3 such mails an hour.', errors: [409] })
  async request(@UserId() id: string, @CurrentUser() by: Principal): Promise<void> {
    await this.verifications.request(id, by);
  }

  @Post('auth/verify-email')
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'verifyEmail',
    summary: 'Verify an email with the token of a mail',
    description: 'The token is good once, for 24 hours, and for the email that it was mailed to.',
  })
  @ApiAnswer({ status: 200, description: 'The user.', message: 'Email verified', errors: [401], ...ONE_USER })
  async verify(@Body() { token }: VerifyEmailRequest) {
    return this.replies.one(await this.verifications.redeem(token));
  }
}
