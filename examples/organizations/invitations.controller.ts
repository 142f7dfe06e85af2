import { Body, Controller, Get, Post } from '@nestjs/common';
import {
  ApiAnswer,
  ApiOperation,
  ApiProperty,
  ApiTags,
  Authenticated,
  CurrentUser,
  emailRule,
  Field,
  Id,
  type Principal,
  SelfOnly,
  UserId,
} from '#core';
import { InvitationsService } from './invitations.service.js';
import { MembersService } from './members.service.js';
import { AlreadyMemberError } from './organizations.errors.js';

class NewInvitationRequest {
  @Field(emailRule, 'required', { type: String, format: 'email', maxLength: 255, example: 'ada@example.com' })
  email!: string;
}

class InvitationResponse {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, format: 'uuid' })
  organizationId!: string;

  @ApiProperty({ type: String, example: 'ada@example.com' })
  email!: string;
}

@ApiTags('Organizations')
@Controller()
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly members: MembersService,
  ) {}

  @Post('organizations/:organizationId/invitations')
  @Authenticated()
  @ApiOperation({ operationId: 'inviteMember', summary: 'Invite a user by email', description: 'For owners.' })
  @ApiAnswer({
    status: 201,
    description: 'The invitation.',
    model: InvitationResponse,
    under: 'invitation',
    errors: [403],
  })
  async invite(
    @Id('organizationId') id: string,
    @Body() { email }: NewInvitationRequest,
    @CurrentUser() { userId }: Principal,
  ) {
    await this.members.assertOwner(id, userId);
    return { invitation: await this.invitations.invite(id, email) };
  }

  @Get('users/:id/organization-invitations')
  @SelfOnly()
  @ApiOperation({
    operationId: 'listOwnInvitations',
    summary: 'List the invitations to the own email',
    description: 'Those that were not accepted yet.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The invitations.',
    model: InvitationResponse,
    under: 'invitations',
    list: true,
  })
  async list(@UserId() userId: string) {
    return { invitations: await this.invitations.listOf(userId) };
  }

  @Post('users/:id/organization-invitations/:invitationId/acceptance')
  @SelfOnly()
  @ApiOperation({
    operationId: 'acceptMembership',
    summary: 'Accept an invitation',
    description: 'With a verified email.',
  })
  @ApiAnswer({ status: 204, description: 'Accepted.', errors: [AlreadyMemberError] })
  async accept(@UserId() userId: string, @Id('invitationId') invitationId: string): Promise<void> {
    await this.invitations.accept(invitationId, userId);
  }
}
