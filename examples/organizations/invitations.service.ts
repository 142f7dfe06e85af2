import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, PrismaService, Transactions, UserDeleted, UsersService, uuidV7 } from '#core';
import { MembersService } from './members.service.js';
import { AlreadyMemberError, InvitationNotFoundError } from './organizations.errors.js';

/** Invitations by email; the user with that email accepts them. */
@Injectable()
export class InvitationsService implements OnModuleInit {
  constructor(
    private readonly prisma: PrismaService,
    private readonly transactions: Transactions,
    private readonly users: UsersService,
    private readonly members: MembersService,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    // Delivered, as it may take long and must not be lost. Doing it twice changes nothing.
    this.events.delivered(UserDeleted, 'organizations.forget-invitations', async ({ before }) => {
      await this.prisma.organizationInvitation.deleteMany({ where: { email: before.email.toLowerCase() } });
    });
  }

  async invite(organizationId: string, email: string) {
    const invitation = await this.prisma.organizationInvitation.upsert({
      where: { organizationId_email: { organizationId, email: email.toLowerCase() } },
      create: { id: uuidV7(), organizationId, email: email.toLowerCase() },
      update: {},
    });
    return toResponse(invitation);
  }

  async listOf(userId: string) {
    const { email } = await this.users.get(userId);
    const found = await this.prisma.organizationInvitation.findMany({
      where: { email: email.toLowerCase() },
      orderBy: { id: 'asc' },
      take: 100,
    });
    return found.map(toResponse);
  }

  /**
   * For a verified email: anyone can register with another's.
   *
   * @throws InvitationNotFoundError, AlreadyMemberError
   */
  async accept(id: string, userId: string): Promise<void> {
    const { email, emailVerified } = await this.users.get(userId);
    await this.transactions.run(async (transaction) => {
      const { db } = transaction;
      const invitation = await db.organizationInvitation.findFirst({ where: { id, email: email.toLowerCase() } });
      if (invitation === null || !emailVerified) throw new InvitationNotFoundError();
      const { organizationId } = invitation;
      await db.organizationInvitation.delete({ where: { id } });
      const member = await db.organizationMember.findUnique({
        where: { organizationId_userId: { organizationId, userId } },
      });
      if (member !== null) throw new AlreadyMemberError('You are a member already');
      await this.members.add(organizationId, userId, 'member', transaction);
    });
  }
}

function toResponse({ id, organizationId, email }: { id: string; organizationId: string; email: string }) {
  return { id, organizationId, email };
}
