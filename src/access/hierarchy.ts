import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
import { requestContext } from '#platform/request';
import { UserChangeRequested } from '#users';
import { assertHoldsAll } from './escalation.js';
import { RolePermissions } from './role-permissions.js';

/** Who administers another holds every permission that the other holds. */
@Injectable()
export class Hierarchy implements OnModuleInit {
  constructor(
    private readonly rolePermissions: RolePermissions,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.onTransaction(UserChangeRequested, (event, transaction) => this.check(event, transaction));
  }

  /** Without a principal it is the user itself, with a token or a password, or the operator. */
  private async check({ before }: UserChangeRequested, transaction: Transaction): Promise<void> {
    const principal = requestContext()?.principal;
    if (principal === undefined || principal.userId === before.id) return;
    assertHoldsAll(principal, await this.rolePermissions.permissionsWithin(transaction, before.roles));
  }
}
