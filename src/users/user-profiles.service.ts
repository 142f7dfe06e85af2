import { Injectable } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { toUserResponse, type UserResponse } from './dto/user.response.js';
import type { Attributes } from '#platform/extensions';
import { UserNotFoundError } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

const PROFILE_TTL_MS = 60_000;

/** The answer to `GET /users/:id`, as it is cached. */
export interface UserProfile {
  readonly version: number;
  readonly user: UserResponse;
  /** Every attribute of the user, also those that the caller may not read. Older releases cache none. */
  readonly attributes?: Attributes;
}

/** Accounts as clients read them, through the cache. A transaction that changes one must forget its `profileKey`. */
@Injectable()
export class UserProfilesService {
  constructor(
    private readonly users: UsersRepository,
    private readonly cache: Cache,
  ) {}

  /** @throws UserNotFoundError */
  async get(id: string): Promise<UserProfile> {
    const profile = await this.cache.getOrLoad(profileKey(id), PROFILE_TTL_MS, async () => {
      const user = await this.users.findById(id);
      return user === null
        ? undefined
        : { version: user.version, user: toUserResponse(user), attributes: user.attributes };
    });
    if (profile === undefined) throw new UserNotFoundError();
    return profile;
  }
}

/** The cache key of a profile. */
export function profileKey(userId: string): string {
  return `user:${userId}`;
}
