import { NotFoundError } from '#platform/errors';

export class AuditEntryNotFoundError extends NotFoundError {
  constructor() {
    super('Audit entry not found');
  }
}
