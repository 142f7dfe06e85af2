import { Body, Controller, Get, Post } from '@nestjs/common';
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
import { TeamsService } from './teams.service.js';

class NewTeamRequest {
  @Field(textOf('Name', 1, 100), 'required', { type: String, minLength: 1, maxLength: 100, example: 'Mills' })
  name!: string;
}

class TeamResponse {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'Mills' })
  name!: string;
}

@ApiTags('Organizations')
@Controller('organizations/:organizationId/teams')
export class TeamsController {
  constructor(
    private readonly teams: TeamsService,
    private readonly members: MembersService,
  ) {}

  @Post()
  @Authenticated()
  @ApiOperation({ operationId: 'createTeam', summary: 'Create a team', description: 'For owners.' })
  @ApiAnswer({ status: 201, description: 'The team.', model: TeamResponse, under: 'team', errors: [403] })
  async create(
    @Id('organizationId') id: string,
    @Body() { name }: NewTeamRequest,
    @CurrentUser() { userId }: Principal,
  ) {
    await this.members.assertOwner(id, userId);
    return { team: await this.teams.create(id, name) };
  }

  @Get()
  @Authenticated()
  @ApiOperation({ operationId: 'listTeams', summary: 'List the teams', description: 'For members.' })
  @ApiAnswer({ status: 200, description: 'The teams.', model: TeamResponse, under: 'teams', list: true })
  async list(@Id('organizationId') id: string, @CurrentUser() { userId }: Principal) {
    await this.members.assertMember(id, userId);
    return { teams: await this.teams.list(id) };
  }
}
