import { DomainError, NotFoundError } from '#core';

export class OrganizationNotFoundError extends NotFoundError {
  constructor() {
    super('Organization not found');
  }
}

/** An organization must keep an owner. */
export class LastOwnerError extends DomainError.of('LAST_OWNER', 409) {
  constructor() {
    super('An organization must keep an owner: delete the organization first');
  }
}

export class AlreadyMemberError extends DomainError.of('ALREADY_MEMBER', 409) {}

export class InvitationNotFoundError extends NotFoundError {
  constructor() {
    super('Invitation not found');
  }
}
