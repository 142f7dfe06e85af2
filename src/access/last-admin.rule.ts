import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
import { type User, UserDeleted, UsersService, UserTransition } from '#users';
import { LastAdminError } from './roles.errors.js';
import { ADMIN_ROLE } from './roles.js';
import { RolesRepository } from './roles.repository.js';

/** Keeps the last active admin from being demoted, suspended or deleted: no user could undo it. */
@Injectable()
export class LastAdminRule implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly roles: RolesRepository,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(UserDeleted, ({ before }, transaction) => this.check(before, undefined, transaction));
    this.events.withinTransaction(UserTransition, ({ before, after }, transaction) =>
      this.check(before, after, transaction),
    );
  }

  /** When two admins leave at once, the second waits for the role's row and then no longer counts the first. */
  private async check(before: User, after: User | undefined, transaction: Transaction): Promise<void> {
    if (!isActiveAdmin(before) || (after !== undefined && isActiveAdmin(after))) return;
    await this.roles.lock(ADMIN_ROLE, transaction.db);
    if (!(await this.users.existsActiveWithRole(ADMIN_ROLE, before.id, transaction))) throw new LastAdminError();
  }
}

export function isActiveAdmin({ status, roles }: User): boolean {
  return status === 'active' && roles.includes(ADMIN_ROLE);
}
