import { Injectable } from '@nestjs/common';
import { PrismaService, uuidV7 } from '#core';

/** Teams are parts of an organization. */
@Injectable()
export class TeamsService {
  constructor(private readonly prisma: PrismaService) {}

  async create(organizationId: string, name: string) {
    const team = await this.prisma.organizationTeam.create({ data: { id: uuidV7(), organizationId, name } });
    return { id: team.id, name: team.name };
  }

  async list(organizationId: string) {
    return this.prisma.organizationTeam.findMany({
      where: { organizationId },
      orderBy: { id: 'asc' },
      select: { id: true, name: true },
    });
  }
}
