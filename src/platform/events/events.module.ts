import { Global, Module } from '@nestjs/common';
import { EventBus } from './event-bus.js';
import { Outbox } from './outbox.js';
import { OutboxRepository } from './outbox.repository.js';
import { Transactions } from './transactions.js';

@Global()
@Module({
  providers: [EventBus, Outbox, OutboxRepository, Transactions],
  exports: [EventBus, Outbox, OutboxRepository, Transactions],
})
export class EventsModule {}
