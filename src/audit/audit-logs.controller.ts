import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { RequirePermissions, SelfOr } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CursorQuery, Pagination, toPageRequest } from '#platform/paging';
import { CurrentUser, Id, type Principal, Target, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { AuditLogService } from './audit-log.service.js';
import { AuditEntryResponse, ExportedEntryResponse, toAuditEntryResponse } from './dto/audit-entry.response.js';
import {
  AuditFiltersQuery,
  ListAuditLogsQuery,
  toAuditFilters,
  toAuditQuery,
  VerifyAuditLogsQuery,
} from './dto/audit-logs.query.js';
import { VerificationResponse } from './dto/verification.response.js';

const PAGE_OF_ENTRIES = {
  status: 200,
  description: 'A page of entries.',
  model: AuditEntryResponse,
  under: 'auditLogs',
  list: true,
  beside: { pagination: Pagination },
} as const;

@ApiTags('Audit')
@Controller()
export class AuditLogsController {
  constructor(private readonly auditLog: AuditLogService) {}

  @Get('audit-logs')
  @RequirePermissions('audit:read')
  @ApiOperation({
    operationId: 'listAuditEntries',
    summary: 'List and filter audit entries',
    description: 'Sorted by time, the newest first.',
  })
  @ApiAnswer(PAGE_OF_ENTRIES)
  async list(@Query() query: ListAuditLogsQuery) {
    const { entries, pagination } = await this.auditLog.page(toAuditQuery(query));
    return { auditLogs: entries.map(toAuditEntryResponse), pagination };
  }

  @Get('audit-logs/verification')
  @RequirePermissions('audit:read')
  @ApiOperation({
    operationId: 'verifyAuditLog',
    summary: 'Verify the audit log',
    description:
      'Checks every entry against its hash chain, and the chains against their checkpoints, page by page. The log is not ' +
      'valid either while an entry has waited for more than a minute to be linked.',
  })
  @ApiAnswer({ status: 200, description: 'The result of this page.', model: VerificationResponse })
  verify(@Query() { cursor }: VerifyAuditLogsQuery): Promise<VerificationResponse> {
    return this.auditLog.verify(cursor);
  }

  @Get('audit-logs/export')
  @RequirePermissions('audit:read')
  @ApiOperation({
    operationId: 'exportAuditEntries',
    summary: 'Export audit entries',
    description: 'One line of JSON for each entry, the oldest first. `link` is its place in the hash chain.',
  })
  @ApiAnswer({
    status: 200,
    description: 'Newline-delimited JSON.',
    model: ExportedEntryResponse,
    bare: 'application/x-ndjson',
  })
  async export(@Query() query: AuditFiltersQuery): Promise<StreamableFile> {
    return new StreamableFile(await this.auditLog.export(toAuditFilters(query)), { type: 'application/x-ndjson' });
  }

  @Get('audit-logs/:entryId')
  @RequirePermissions('audit:read')
  @ApiOperation({
    operationId: 'getAuditEntry',
    summary: 'Read an audit entry',
    description: 'That it was read is recorded, too.',
  })
  @ApiAnswer({ status: 200, description: 'The entry.', model: AuditEntryResponse, under: 'auditLog' })
  async get(@Id('entryId', Target('entryId', 'audit-entry')) id: string) {
    return { auditLog: toAuditEntryResponse(await this.auditLog.get(id)) };
  }

  @Get('users/:id/audit-logs')
  @SelfOr('audit:read')
  @ApiOperation({
    operationId: 'listUserHistory',
    summary: "Read a user's history",
    description:
      'What they did and what was done to them, the newest first. Without `audit:read`, values about others are `null`.',
  })
  @ApiAnswer(PAGE_OF_ENTRIES)
  async history(@UserId() id: string, @Query() query: CursorQuery, @CurrentUser() principal: Principal) {
    const { entries, pagination } = await this.auditLog.history(id, toPageRequest(query), principal);
    return { auditLogs: entries.map(toAuditEntryResponse), pagination };
  }
}
