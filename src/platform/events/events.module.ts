import { Global, Module } from '@nestjs/common';
import { AuditActions } from './audit-actions.js';
import { EventBus } from './event-bus.js';
import { Transactions } from './transactions.js';

@Global()
@Module({ providers: [AuditActions, EventBus, Transactions], exports: [AuditActions, EventBus, Transactions] })
export class EventsModule {}
