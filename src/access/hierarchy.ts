import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../platform/database/index.js';
import { EventBus } from '../platform/events/event-bus.js';
import { requestContext } from '../platform/http/request-context.js';
import { UserChangeRequested } from '../users/index.js';
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
