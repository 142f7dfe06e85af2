import { Module, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#config';
import { PermissionRegistry } from '#platform/access';
import { UsersModule } from '#users';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { AuditLogsController } from './audit-logs.controller.js';
import { AuditRecorder } from './audit-recorder.js';
import { AuditRetention } from './chain/audit-retention.js';
import { AuditSinks } from './sinks/audit-sinks.js';
import { FileAuditSink } from './sinks/file-audit-sink.js';
import { StdoutAuditSink } from './sinks/stdout-audit-sink.js';
import { ChainsRepository } from './chain/chains.repository.js';
import { CheckpointService } from './chain/checkpoint.service.js';
import { CheckpointsRepository } from './chain/checkpoints.repository.js';
import { DeliveryService } from './sinks/delivery.service.js';
import { FoldedFailures } from './folded-failures.js';
import { FoldsRepository } from './folds.repository.js';
import { LinkerService } from './linker.service.js';
import { VerificationCursors } from './chain/verification-cursors.js';

@Module({
  imports: [UsersModule],
  controllers: [AuditLogsController],
  providers: [
    AuditLogService,
    AuditRecorder,
    AuditEntriesRepository,
    FoldedFailures,
    FoldsRepository,
    ChainsRepository,
    CheckpointService,
    CheckpointsRepository,
    LinkerService,
    VerificationCursors,
    AuditRetention,
    AuditSinks,
    DeliveryService,
  ],
  exports: [AuditRecorder, AuditSinks, AuditRetention, LinkerService],
})
export class AuditModule implements OnModuleInit {
  constructor(
    private readonly permissions: PermissionRegistry,
    private readonly sinks: AuditSinks,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.permissions.declare({ 'audit:read': 'Read the audit log' });
    const { sink } = this.config.audit;
    if (sink === 'stdout') this.sinks.add(new StdoutAuditSink());
    else if (sink !== undefined) this.sinks.add(new FileAuditSink(sink.slice('file:'.length)));
  }
}
