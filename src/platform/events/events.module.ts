import { Global, Module } from '@nestjs/common';
import { EventBus } from './event-bus.js';
import { Transactions } from './transactions.js';

@Global()
@Module({ providers: [EventBus, Transactions], exports: [EventBus, Transactions] })
export class EventsModule {}
