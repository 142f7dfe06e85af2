import { Injectable } from '@nestjs/common';
import { AuditRecorder, PrismaService, Transactions, uuidV7 } from '#core';
import { MembersService } from './members.service.js';
import { OrganizationNotFoundError } from './organizations.errors.js';

@Injectable()
export class OrganizationsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly transactions: Transactions,
    private readonly members: MembersService,
    private readonly audit: AuditRecorder,
  ) {}

  /** Its creator is its first owner. */
  async create(name: string, userId: string) {
    return this.transactions.run(async (transaction) => {
      const organization = await transaction.db.organization.create({ data: { id: uuidV7(), name } });
      const target = { type: 'organization', id: organization.id };
      const changes = { name: { before: null, after: name } };
      await this.audit.record([{ action: 'organization.created', target, changes }], transaction);
      await this.members.add(organization.id, userId, 'owner', transaction);
      return toResponse(organization);
    });
  }

  async listOf(userId: string) {
    const found = await this.prisma.organization.findMany({
      where: { members: { some: { userId } } },
      orderBy: { id: 'asc' },
      take: 100,
    });
    return found.map(toResponse);
  }

  /** @throws OrganizationNotFoundError */
  async get(id: string) {
    const organization = await this.prisma.organization.findUnique({ where: { id } });
    if (organization === null) throw new OrganizationNotFoundError();
    return { ...toResponse(organization), members: await this.members.list(id) };
  }

  async delete(id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const { name } = await transaction.db.organization.delete({ where: { id } });
      const target = { type: 'organization', id };
      const changes = { name: { before: name, after: null } };
      await this.audit.record([{ action: 'organization.deleted', target, changes }], transaction);
    });
  }

  /** The ids of the organizations that a user owns, up to 10: they travel in access tokens. */
  async ownedBy(userId: string): Promise<string[]> {
    const owned = await this.prisma.organizationMember.findMany({
      where: { userId, role: 'owner' },
      orderBy: { organizationId: 'asc' },
      take: 10,
    });
    return owned.map(({ organizationId }) => organizationId);
  }
}

function toResponse({ id, name, createdAt }: { id: string; name: string; createdAt: Date }) {
  return { id, name, createdAt: createdAt.toISOString() };
}
