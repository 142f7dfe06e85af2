import { NotFoundError } from '../platform/errors/index.js';

export class AuditEntryNotFoundError extends NotFoundError {
  constructor() {
    super('Audit entry not found');
  }
}
