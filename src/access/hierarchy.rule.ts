import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
import { BeforeUserChange } from '#users';
import { assertHoldsAll } from './escalation.js';
import { RolePermissionsService } from './role-permissions.service.js';

/** A user may be administered only by callers who hold every permission that the user holds. */
@Injectable()
export class HierarchyRule implements OnModuleInit {
  constructor(
    private readonly rolePermissions: RolePermissionsService,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(BeforeUserChange, (event, transaction) => this.check(event, transaction));
  }

  private async check({ before, by }: BeforeUserChange, transaction: Transaction): Promise<void> {
    if (by === undefined || by.userId === before.id) return;
    const held = await this.rolePermissions.permissionsWithin(transaction, before.roles);
    assertHoldsAll(by, held, 'hierarchy: the user holds');
  }
}
