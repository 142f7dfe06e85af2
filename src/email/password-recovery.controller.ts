import { Body, Controller, Post } from '@nestjs/common';
import { Public } from '#platform/access';
import { Transactions } from '#platform/events';
import { MailLanguage } from '#platform/mail';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { BodyLimit, MAX_AUTH_BODY_BYTES } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { AccountMailsService } from './account-mails.service.js';
import { ForgotPasswordRequest } from './dto/forgot-password.request.js';

@ApiTags('Auth')
@Controller('auth')
export class PasswordRecoveryController {
  constructor(
    private readonly mails: AccountMailsService,
    private readonly transactions: Transactions,
  ) {}

  @Post('forgot-password')
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @MailLanguage()
  @ApiOperation({
    operationId: 'forgotPassword',
    summary: 'Ask for a new password by mail',
    description:
      'Answers the same, and as fast, whether or not an account has the email. The link is good for an hour.',
  })
  @ApiAnswer({
    status: 202,
    description: 'Accepted.',
    message: 'If the account exists, an email is on its way',
  })
  async forgotPassword(@Body() { email }: ForgotPasswordRequest): Promise<void> {
    await this.transactions.run((transaction) => this.mails.request('password-reset', { email }, transaction));
  }
}
