import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { ADMIN_ROLE, type Role, type RoleChanges } from './roles.js';

const ROLE_COLUMNS = { name: true, description: true, permissions: true, builtIn: true } satisfies Prisma.RoleSelect;
const ROLE_COLUMNS_SQL = Prisma.raw('name, description, permissions, built_in AS "builtIn"');

/** A role's name and its stored permissions. */
export type RoleGrant = readonly [name: string, permissions: readonly string[]];

/**
 * The roles table. A transaction that locks several rows locks `admin` first and the others by name, each as strongly as
 * it will need it, so that no two transactions deadlock.
 */
@Injectable()
export class RolesRepository {
  constructor(private readonly prisma: PrismaService) {}

  async list(): Promise<Role[]> {
    return this.prisma.role.findMany({ select: ROLE_COLUMNS });
  }

  async find(name: string): Promise<Role | null> {
    return this.prisma.role.findUnique({ where: { name }, select: ROLE_COLUMNS });
  }

  /** @param db inside a transaction, that transaction's: the embedded database has no second connection */
  async grants(db: Prisma.TransactionClient = this.prisma): Promise<RoleGrant[]> {
    const roles = await db.role.findMany({ select: { name: true, permissions: true } });
    return roles.map(({ name, permissions }) => [name, permissions] as const);
  }

  /** Until the transaction ends, no other one changes, assigns or deletes the role. */
  async lock(name: string, db: Prisma.TransactionClient): Promise<Role | null> {
    const [role] = await db.$queryRaw<Role[]>`SELECT ${ROLE_COLUMNS_SQL} FROM roles WHERE name = ${name} FOR UPDATE`;
    return role ?? null;
  }

  /** Until the transaction ends, no other one changes or deletes the roles. Unknown names are left out. */
  async lockForAssignment(names: readonly string[], db: Prisma.TransactionClient): Promise<Role[]> {
    return db.$queryRaw<Role[]>`
      SELECT ${ROLE_COLUMNS_SQL} FROM roles WHERE name = ANY(${[...names]})
      ORDER BY name <> ${ADMIN_ROLE}, name FOR SHARE`;
  }

  /** @returns `null` when the name is taken */
  async insert(role: Omit<Role, 'builtIn'>, db: Prisma.TransactionClient): Promise<Role | null> {
    const { name, description, permissions } = role;
    const [created] = await db.role.createManyAndReturn({
      data: [{ name, description, permissions: [...permissions] }],
      skipDuplicates: true,
      select: ROLE_COLUMNS,
    });
    return created ?? null;
  }

  async update(name: string, { permissions, ...rest }: RoleChanges, db: Prisma.TransactionClient): Promise<Role> {
    return db.role.update({
      where: { name },
      data: { ...rest, ...(permissions === undefined ? {} : { permissions: [...permissions] }), updatedAt: new Date() },
      select: ROLE_COLUMNS,
    });
  }

  async delete(name: string, db: Prisma.TransactionClient): Promise<void> {
    await db.role.delete({ where: { name }, select: { name: true } });
  }
}
