export { AuditActions } from './audit-actions.js';
export {
  type AuditChanges,
  AUDIT_OUTCOMES,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  type AuditOutcome,
  changesBetween,
} from './audited-event.js';
export { BackgroundTask } from './background-task.js';
export { EventBus } from './event-bus.js';
export { EventsModule } from './events.module.js';
export { type Transaction } from './transaction.js';
export { Transactions } from './transactions.js';
