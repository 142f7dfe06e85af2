import { Global, Module } from '@nestjs/common';
import { AuditActions } from './audit-actions.js';

@Global()
@Module({ providers: [AuditActions], exports: [AuditActions] })
export class AuditActionsModule {}
