import { Reply } from '#platform/response';
import type { User } from '../user.js';
import { toUserResponse, UserResponse } from './user.response.js';

/** What every route that makes, changes or reads one user returns. */
export const ONE_USER = { model: UserResponse, under: 'user', etag: true } as const;

export function userReply(user: User): Reply<{ user: UserResponse }> {
  return new Reply({ user: toUserResponse(user) }, { entity: user });
}

export function newUserReply(user: User): Reply<{ user: UserResponse }> {
  return new Reply({ user: toUserResponse(user) }, { entity: user, location: `/users/${user.id}` });
}
