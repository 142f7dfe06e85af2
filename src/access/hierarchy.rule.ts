import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
import {
  BeforePasswordReset,
  BeforePasswordResetIssued,
  BeforeUserChange,
  InvalidOneTimeTokenError,
  ISSUE_PASSWORD_RESET,
} from '#users';
import { assertHoldsAll, firstMissing } from './escalation.js';
import { RolePermissionsService } from './role-permissions.service.js';
import { RolesRepository } from './roles.repository.js';

/** A user may be administered only by callers who hold every permission that the user holds. */
@Injectable()
export class HierarchyRule implements OnModuleInit {
  constructor(
    private readonly rolePermissions: RolePermissionsService,
    private readonly roles: RolesRepository,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(BeforeUserChange, (event, transaction) => this.check(event, transaction));
    this.events.withinTransaction(BeforePasswordResetIssued, async ({ user, by }, transaction) => {
      // A role that gains permissions revokes its holders' tokens: with the rows locked, it does so before or after this one.
      await this.roles.lockForAssignment(user.roles, transaction.db);
      await this.check({ before: user, by }, transaction);
    });
    this.events.withinTransaction(BeforePasswordReset, (event, transaction) => this.checkIssuer(event, transaction));
  }

  private async check({ before, by }: BeforeUserChange, transaction: Transaction): Promise<void> {
    if (by === undefined || by.userId === before.id) return;
    const held = await this.rolePermissions.permissionsWithin(transaction, before.roles);
    assertHoldsAll(by, held, 'hierarchy: the user holds');
  }

  /** A token is good only while its issuer may issue it. */
  private async checkIssuer({ user, issuer }: BeforePasswordReset, transaction: Transaction): Promise<void> {
    const held = await this.rolePermissions.permissionsWithin(transaction, user.roles);
    const permissions = await this.rolePermissions.permissionsWithin(transaction, issuer.roles);
    const missing = firstMissing({ roles: issuer.roles, permissions }, [ISSUE_PASSWORD_RESET, ...held]);
    if (missing !== undefined) throw new InvalidOneTimeTokenError('operator_reset');
  }
}
