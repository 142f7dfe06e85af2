import { PrismaService } from '../../src/platform/database/index.js';
import type { TestApp } from './app.js';

/** What no client may do to an account, written to the store behind the application's back. */
export async function setStatus(
  { app }: TestApp,
  id: string,
  status: 'active' | 'inactive' | 'suspended',
): Promise<void> {
  await app.get(PrismaService).user.update({ where: { id }, data: { status } });
}

/** To be called before the account's first login, as sessions are cached with their roles. */
export async function makeAdmin({ app }: TestApp, id: string): Promise<void> {
  await app.get(PrismaService).user.update({ where: { id }, data: { roles: ['admin', 'user'] } });
}

/** To be called before the account is first read, as what clients read is cached. */
export async function verifyEmail({ app }: TestApp, id: string): Promise<void> {
  await app.get(PrismaService).user.update({ where: { id }, data: { emailVerified: true } });
}
