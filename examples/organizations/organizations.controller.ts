import { Body, Controller, Delete, Get, Post } from '@nestjs/common';
import {
  ApiAnswer,
  ApiOperation,
  ApiProperty,
  ApiTags,
  Authenticated,
  CurrentUser,
  Field,
  Id,
  type Principal,
  textOf,
} from '#core';
import { MembersService } from './members.service.js';
import { LastOwnerError } from './organizations.errors.js';
import { OrganizationsService } from './organizations.service.js';

class NewOrganizationRequest {
  @Field(textOf('Name', 1, 100), 'required', {
    type: String,
    minLength: 1,
    maxLength: 100,
    example: 'Analytical Engines',
  })
  name!: string;
}

class OrganizationResponse {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'Analytical Engines' })
  name!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
}

class MemberResponse {
  @ApiProperty({ type: String, format: 'uuid' })
  userId!: string;

  @ApiProperty({ enum: ['owner', 'member'] })
  role!: 'owner' | 'member';
}

class WholeOrganizationResponse extends OrganizationResponse {
  @ApiProperty({ type: [MemberResponse] })
  members!: MemberResponse[];
}

const ONE = { model: OrganizationResponse, under: 'organization' } as const;

@ApiTags('Organizations')
@Controller('organizations')
export class OrganizationsController {
  constructor(
    private readonly organizations: OrganizationsService,
    private readonly members: MembersService,
  ) {}

  @Post()
  @Authenticated()
  @ApiOperation({
    operationId: 'createOrganization',
    summary: 'Create an organization',
    description: 'The caller becomes its owner.',
  })
  @ApiAnswer({ status: 201, description: 'The organization.', ...ONE })
  async create(@Body() { name }: NewOrganizationRequest, @CurrentUser() { userId }: Principal) {
    return { organization: await this.organizations.create(name, userId) };
  }

  @Get()
  @Authenticated()
  @ApiOperation({
    operationId: 'listOrganizations',
    summary: "List the caller's organizations",
    description: 'Those that the caller is a member of.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The organizations.',
    model: OrganizationResponse,
    under: 'organizations',
    list: true,
  })
  async list(@CurrentUser() { userId }: Principal) {
    return { organizations: await this.organizations.listOf(userId) };
  }

  @Get(':organizationId')
  @Authenticated()
  @ApiOperation({
    operationId: 'getOrganization',
    summary: 'Read an organization',
    description: 'For members, and holders of organizations:read.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The organization with its members.',
    model: WholeOrganizationResponse,
    under: 'organization',
  })
  async get(@Id('organizationId') id: string, @CurrentUser() { userId, permissions }: Principal) {
    if (!permissions.has('organizations:read')) await this.members.assertMember(id, userId);
    return { organization: await this.organizations.get(id) };
  }

  @Delete(':organizationId')
  @Authenticated()
  @ApiOperation({ operationId: 'deleteOrganization', summary: 'Delete an organization', description: 'For owners.' })
  @ApiAnswer({ status: 204, description: 'Deleted.', errors: [403] })
  async delete(@Id('organizationId') id: string, @CurrentUser() { userId }: Principal): Promise<void> {
    await this.members.assertOwner(id, userId);
    await this.organizations.delete(id);
  }

  @Delete(':organizationId/members/:memberId')
  @Authenticated()
  @ApiOperation({
    operationId: 'removeMember',
    summary: 'Remove a member',
    description: 'For owners, and for members who leave.',
  })
  @ApiAnswer({ status: 204, description: 'Removed.', errors: [403, LastOwnerError] })
  async removeMember(
    @Id('organizationId') id: string,
    @Id('memberId') memberId: string,
    @CurrentUser() { userId }: Principal,
  ): Promise<void> {
    if (memberId === userId) await this.members.assertMember(id, userId);
    else await this.members.assertOwner(id, userId);
    await this.members.remove(id, memberId);
  }
}
