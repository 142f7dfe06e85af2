export {
  AUDIT_ACTION_NAME,
  type AuditAction,
  type AuditChanges,
  AUDIT_OUTCOMES,
  type AuditDetails,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  type AuditOutcome,
  type AuditTarget,
  changesBetween,
  type RequestFacts,
} from './audited-event.js';
export { EventBus } from './event-bus.js';
export { EventsModule } from './events.module.js';
export { HeldCommit } from './held-commit.js';
export { Outbox, UndeliverableError } from './outbox.js';
export { type ListedMessage, OutboxRepository, type OutboxState } from './outbox.repository.js';
export { type Transaction } from './transaction.js';
export { Transactions } from './transactions.js';
