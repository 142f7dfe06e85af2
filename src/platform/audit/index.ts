export { AuditActions } from './audit-actions.js';
export { AuditActionsModule } from './audit-actions.module.js';
export {
  type AuditChanges,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  type AuditOutcome,
  changesBetween,
} from './audited-event.js';
export { firstUuidV7Of, timeOfUuidV7, uuidV7 } from './uuid-v7.js';
