import { Body, Controller, Post, Put } from '@nestjs/common';
import { OthersOnly, RequirePermissionAndForOthers, RequirePermissions } from '#platform/access';
import { WithoutIdempotencyKey } from '#platform/idempotency';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CurrentUser, IfMatch, type IfMatchCondition, type Principal, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { PasswordResetResponse, toPasswordResetResponse } from './dto/password-reset.response.js';
import { SetStatusRequest } from './dto/set-status.request.js';
import { ONE_USER } from './dto/user.reply.js';
import { UserReplies } from './user-replies.js';
import { PasswordResetsService } from './password-resets.service.js';
import { UserAdministrationService } from './user-administration.service.js';
import { ISSUE_PASSWORD_RESET } from './users.events.js';

@ApiTags('User administration')
@Controller('users/:id')
export class UserAdministrationController {
  constructor(
    private readonly administration: UserAdministrationService,
    private readonly passwordResets: PasswordResetsService,
    private readonly replies: UserReplies,
  ) {}

  @Put('status')
  @RequirePermissionAndForOthers('users:update', 'users:read')
  @ApiOperation({
    operationId: 'setUserStatus',
    summary: "Set a user's status",
    description: 'Leaving `active` ends every session. A suspended user can only become active again.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The user. Setting the same status again changes nothing.',
    example: { user: { status: 'suspended', isActive: false } },
    errors: [409, 412],
    ...ONE_USER,
  })
  async setStatus(
    @UserId() id: string,
    @Body() { status, reason }: SetStatusRequest,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    return this.replies.one(await this.administration.setStatus(id, status, reason, { by, ifMatch }));
  }

  @Post('restore')
  @RequirePermissions('users:delete', 'users:read')
  @ApiOperation({
    operationId: 'restoreUser',
    summary: 'Restore a deleted user',
    description: 'The sessions from before the deletion stay ended.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The user, with the status from before the deletion.',
    errors: [409],
    ...ONE_USER,
  })
  async restore(@UserId() id: string, @CurrentUser() by: Principal) {
    return this.replies.one(await this.administration.restore(id, by));
  }

  @Post('email-verification')
  @OthersOnly('users:update', 'users:read')
  @ApiOperation({
    operationId: 'markEmailVerified',
    summary: "Mark a user's email as verified",
    description: 'For an email that was verified by other means. No mail is sent.',
  })
  @ApiAnswer({ status: 200, description: 'The user. A second call changes nothing.', errors: [412], ...ONE_USER })
  async verifyEmail(
    @UserId() id: string,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    return this.replies.one(await this.administration.verifyEmail(id, { by, ifMatch }));
  }

  @Post('password-reset')
  @WithoutIdempotencyKey()
  @OthersOnly(ISSUE_PASSWORD_RESET)
  @ApiOperation({
    operationId: 'issuePasswordReset',
    summary: 'Issue a password reset',
    description:
      'Hand the token to a user who forgot the password. It replaces the previous one, and ends when its issuer may no longer issue it.',
  })
  @ApiAnswer({ status: 201, description: 'A token that works once, within an hour.', model: PasswordResetResponse })
  async issuePasswordReset(@UserId() id: string, @CurrentUser() by: Principal) {
    return toPasswordResetResponse(await this.passwordResets.issue(id, by));
  }
}
