import { Body, Controller, Post } from '@nestjs/common';
import { Public, RequirePermissions } from '#platform/access';
import { MailLanguage } from '#platform/mail';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { BodyLimit, CurrentUser, MAX_AUTH_BODY_BYTES, type Principal } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { Hashes } from '#passwords';
import { InvitationsService, NEW_USER, ONE_USER, UserReplies } from '#users';
import { AcceptInvitationRequest } from './dto/accept-invitation.request.js';
import { InviteUserRequest, toInvitation } from './dto/invite-user.request.js';

/** What the examples show of an invited user. */
const INVITED = { ...NEW_USER, phoneNumber: null, dateOfBirth: null, roles: ['auditor', 'user'] } as const;

@Controller()
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly replies: UserReplies,
  ) {}

  @Post('users/invitations')
  @RequirePermissions('users:create')
  @ApiTags('Users')
  @MailLanguage()
  @ApiOperation({
    operationId: 'inviteUser',
    summary: 'Invite a user',
    description:
      'Creates an inactive account without a password, and mails a link that is good for 7 days. Posted again before the ' +
      'invitation is accepted, it mails another link in place of the first. Roles need `roles:assign`.',
  })
  @ApiAnswer({
    status: 201,
    description: 'The new user.',
    whenRepeated: 'The invited user, who has not accepted yet.',
    location: true,
    errors: [409],
    example: { user: { ...INVITED, status: 'inactive', isActive: false } },
    ...ONE_USER,
  })
  async invite(@Body() request: InviteUserRequest, @CurrentUser() by: Principal) {
    const { user, created } = await this.invitations.invite(toInvitation(request), by);
    return created ? this.replies.created(user) : this.replies.one(user, 200);
  }

  @Post('auth/accept-invitation')
  @Public()
  @Hashes()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation with the token of a mail',
    description: 'Sets the password. A password that is refused does not use the token up.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The user, now active and verified.',
    errors: [401],
    example: { user: { ...INVITED, emailVerified: true } },
    ...ONE_USER,
  })
  async accept(@Body() { token, password }: AcceptInvitationRequest) {
    return this.replies.one(await this.invitations.accept(token, password));
  }
}
