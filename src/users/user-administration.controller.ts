import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { RequirePermissions } from '#platform/access';
import { ApiAnswer, ApiErrors, ApiOperation, ApiTags } from '#platform/openapi';
import { IfMatch, type IfMatchCondition, UserId } from '#platform/request';
import { PasswordResetResponse, toPasswordResetResponse } from './dto/password-reset.response.js';
import { SetStatusRequest } from './dto/set-status.request.js';
import { ApiUserAnswer, IfMatchHeader, userAnswer, UserIdParam } from './dto/user.answer.js';
import { PasswordResetsService } from './password-resets.service.js';
import { UserAdministrationService } from './user-administration.service.js';

@ApiTags('User administration')
@Controller('users/:id')
export class UserAdministrationController {
  constructor(
    private readonly states: UserAdministrationService,
    private readonly passwordResets: PasswordResetsService,
  ) {}

  @Put('status')
  @RequirePermissions('users:update')
  @UserIdParam()
  @IfMatchHeader()
  @ApiOperation({
    summary: "Set a user's status",
    description: 'Leaving `active` ends every session. A suspended user is activated again and never made inactive.',
  })
  @ApiUserAnswer({ status: 200, description: 'The user. The same status again changes nothing.' })
  @ApiErrors(409, 412)
  async setStatus(
    @UserId() id: string,
    @Body() { status, reason }: SetStatusRequest,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    return userAnswer(await this.states.setStatus(id, status, reason, ifMatch));
  }

  @Post('restore')
  @HttpCode(200)
  @RequirePermissions('users:delete')
  @UserIdParam()
  @ApiOperation({ summary: 'Restore a deleted user', description: 'Its old sessions stay over.' })
  @ApiUserAnswer({ status: 200, description: 'The user, with the status from before the deletion.' })
  @ApiErrors(409)
  async restore(@UserId() id: string) {
    return userAnswer(await this.states.restore(id));
  }

  @Post('email-verification')
  @HttpCode(200)
  @RequirePermissions('users:update')
  @UserIdParam()
  @IfMatchHeader()
  @ApiOperation({ summary: "Mark a user's email as verified" })
  @ApiUserAnswer({ status: 200, description: 'The user. Once more changes nothing.' })
  @ApiErrors(412)
  async verifyEmail(@UserId() id: string, @IfMatch() ifMatch: IfMatchCondition | undefined) {
    return userAnswer(await this.states.verifyEmail(id, ifMatch));
  }

  @Post('password-reset')
  @RequirePermissions('users:update')
  @UserIdParam()
  @ApiOperation({
    summary: 'Issue a password reset',
    description: 'For who forgot the password: hand the token over. The one before it is no longer good.',
  })
  @ApiAnswer({ status: 201, description: 'A token, good once, for an hour.', model: PasswordResetResponse })
  async issuePasswordReset(@UserId() id: string) {
    return toPasswordResetResponse(await this.passwordResets.issue(id));
  }
}
