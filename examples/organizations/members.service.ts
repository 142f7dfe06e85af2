import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AuditRecorder,
  EventBus,
  ForbiddenError,
  PrismaService,
  type Transaction,
  Transactions,
  UserDeleted,
} from '#core';
import { LastOwnerError, OrganizationNotFoundError } from './organizations.errors.js';

export type MemberRole = 'owner' | 'member';

/** Who belongs to which organization. */
@Injectable()
export class MembersService implements OnModuleInit {
  constructor(
    private readonly prisma: PrismaService,
    private readonly transactions: Transactions,
    private readonly events: EventBus,
    private readonly audit: AuditRecorder,
  ) {}

  onModuleInit(): void {
    // A veto: an account that is the only owner of an organization is not deleted.
    this.events.withinTransaction(UserDeleted, async ({ before }, transaction) => {
      const memberships = await transaction.db.organizationMember.findMany({ where: { userId: before.id } });
      for (const { organizationId } of memberships) await this.removeRow(organizationId, before.id, transaction);
    });
  }

  async list(organizationId: string) {
    const members = await this.prisma.organizationMember.findMany({
      where: { organizationId },
      orderBy: { userId: 'asc' },
      select: { userId: true, role: true },
    });
    return members;
  }

  /** @throws OrganizationNotFoundError for those who are no members: they must not learn that it exists */
  async assertMember(organizationId: string, userId: string): Promise<MemberRole> {
    const member = await this.prisma.organizationMember.findUnique({
      where: { organizationId_userId: { organizationId, userId } },
    });
    if (member === null) throw new OrganizationNotFoundError();
    return member.role;
  }

  /** @throws OrganizationNotFoundError, ForbiddenError */
  async assertOwner(organizationId: string, userId: string): Promise<void> {
    if ((await this.assertMember(organizationId, userId)) !== 'owner')
      throw new ForbiddenError('organization: only an owner');
  }

  async add(organizationId: string, userId: string, role: MemberRole, transaction: Transaction): Promise<void> {
    await transaction.db.organizationMember.create({ data: { organizationId, userId, role } });
    await this.record('member.added', organizationId, userId, transaction);
  }

  /** @throws LastOwnerError */
  async remove(organizationId: string, userId: string): Promise<void> {
    await this.transactions.run((transaction) => this.removeRow(organizationId, userId, transaction));
  }

  private async removeRow(organizationId: string, userId: string, transaction: Transaction): Promise<void> {
    // Locked, so that two owners who leave at once do not both find the other.
    const members = await transaction.db.$queryRaw<{ userId: string; role: MemberRole }[]>`
      SELECT user_id AS "userId", role FROM ext_organizations_members
      WHERE organization_id = ${organizationId}::uuid ORDER BY user_id FOR UPDATE`;
    const others = members.filter((member) => member.userId !== userId);
    if (others.length === members.length) throw new OrganizationNotFoundError();
    if (!others.some(({ role }) => role === 'owner')) throw new LastOwnerError();
    await transaction.db.organizationMember.delete({ where: { organizationId_userId: { organizationId, userId } } });
    await this.record('member.removed', organizationId, userId, transaction);
  }

  private record(
    action: 'member.added' | 'member.removed',
    id: string,
    userId: string,
    transaction: Transaction,
  ): Promise<void> {
    const changes = {
      member: action === 'member.added' ? { before: null, after: userId } : { before: userId, after: null },
    };
    return this.audit.record([{ action, target: { type: 'organization', id }, changes }], transaction);
  }
}
