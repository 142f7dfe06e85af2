import { Module, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#config';
import { AuditActions } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import { UsersModule } from '#users';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { AUDIT_ACTIONS, AuditLog } from './audit-log.js';
import { AuditLogsController } from './audit-logs.controller.js';
import { AuditRecorder } from './audit-recorder.js';
import { AuditRetention } from './chain/audit-retention.js';
import { AuditSinks, FileAuditSink, StdoutAuditSink } from './sinks/audit-sink.js';
import { ChainsRepository } from './chain/chains.repository.js';
import { Checkpoints } from './chain/checkpoints.js';
import { CheckpointsRepository } from './chain/checkpoints.repository.js';
import { Deliveries } from './sinks/deliveries.js';
import { FoldedFailures } from './folded-failures.js';
import { Linker } from './linker.js';
import { VerificationCursors } from './chain/verification-cursors.js';

@Module({
  imports: [UsersModule],
  controllers: [AuditLogsController],
  providers: [
    AuditLog,
    AuditRecorder,
    AuditEntriesRepository,
    FoldedFailures,
    ChainsRepository,
    Checkpoints,
    CheckpointsRepository,
    Linker,
    VerificationCursors,
    AuditRetention,
    AuditSinks,
    Deliveries,
  ],
  exports: [AuditRecorder, AuditSinks, AuditRetention, Linker],
})
export class AuditModule implements OnModuleInit {
  constructor(
    private readonly permissions: PermissionRegistry,
    private readonly actions: AuditActions,
    private readonly sinks: AuditSinks,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.permissions.declare({ 'audit:read': 'Read the audit log' });
    this.actions.declare(...AUDIT_ACTIONS);
    const { sink } = this.config.audit;
    if (sink === 'stdout') this.sinks.add(new StdoutAuditSink());
    else if (sink !== undefined) this.sinks.add(new FileAuditSink(sink.slice('file:'.length)));
  }
}
