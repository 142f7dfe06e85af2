import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
import { requestContext } from '#platform/request';
import { BeforeUserChange } from '#users';
import { assertHoldsAll } from './escalation.js';
import { RolePermissionsService } from './role-permissions.service.js';

/** Who administers another holds every permission that the other holds. */
@Injectable()
export class HierarchyRule implements OnModuleInit {
  constructor(
    private readonly rolePermissions: RolePermissionsService,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.onTransaction(BeforeUserChange, (event, transaction) => this.check(event, transaction));
  }

  /** Without a principal it is the user itself, with a token or a password, or the operator. */
  private async check({ before }: BeforeUserChange, transaction: Transaction): Promise<void> {
    const principal = requestContext()?.principal;
    if (principal === undefined || principal.userId === before.id) return;
    assertHoldsAll(principal, await this.rolePermissions.permissionsWithin(transaction, before.roles));
  }
}
