import { Controller, Delete, Get, Query } from '@nestjs/common';
import { SelfOr } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CursorQuery, Pagination, toPageRequest } from '#platform/paging';
import { CurrentUser, Id, type Principal, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { SessionResponse, toSessionResponse } from './dto/session.response.js';
import { SessionListService } from './session-list.service.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Sessions')
@Controller('users/:id/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly sessionList: SessionListService,
  ) {}

  @Get()
  @SelfOr('sessions:manage')
  @ApiOperation({
    operationId: 'listSessions',
    summary: "List a user's sessions",
    description: 'The live sessions, the newest first.',
  })
  @ApiAnswer({
    status: 200,
    description: 'A page of sessions.',
    model: SessionResponse,
    under: 'sessions',
    list: true,
    beside: { pagination: Pagination },
  })
  async list(@UserId() id: string, @Query() query: CursorQuery, @CurrentUser() { sessionId }: Principal) {
    const { sessions, pagination } = await this.sessionList.page(id, toPageRequest(query));
    return { sessions: sessions.map((session) => toSessionResponse(session, sessionId)), pagination };
  }

  @Delete(':sessionId')
  @SelfOr('sessions:manage')
  @ApiOperation({
    operationId: 'endSession',
    summary: 'End a session',
    description: 'Its tokens stop working at once.',
  })
  @ApiAnswer({ status: 204, description: 'Ended.' })
  async end(@UserId() id: string, @Id('sessionId') sessionId: string, @CurrentUser() by: Principal): Promise<void> {
    await this.sessions.end(id, sessionId, by);
  }

  @Delete()
  @SelfOr('sessions:manage')
  @ApiOperation({
    operationId: 'endOtherSessions',
    summary: "End a user's other sessions",
    description: 'All of them, except the session of this request.',
  })
  @ApiAnswer({ status: 204, description: 'Ended.' })
  async endOthers(@UserId() id: string, @CurrentUser() by: Principal): Promise<void> {
    await this.sessions.endOthers(id, by);
  }
}
