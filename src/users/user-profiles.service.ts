import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { EventBus } from '#platform/events';
import { toUserResponse, type UserResponse } from './dto/user.response.js';
import { UserNotFoundError } from './users.errors.js';
import { UserChanged } from './users.events.js';
import { UsersRepository } from './users.repository.js';

const PROFILE_TTL_MS = 60_000;

/** The answer to `GET /users/:id`, as it is cached. */
export interface UserProfile {
  readonly version: number;
  readonly user: UserResponse;
}

/** Accounts as clients read them, through the cache; a change is gone from it before its own answer goes out. */
@Injectable()
export class UserProfilesService implements OnModuleInit {
  constructor(
    private readonly users: UsersRepository,
    private readonly cache: Cache,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.onSettled(UserChanged, ({ userId }) => this.cache.invalidate(profileKey(userId)));
  }

  /** @throws UserNotFoundError */
  async get(id: string): Promise<UserProfile> {
    const profile = await this.cache.getOrLoad(profileKey(id), PROFILE_TTL_MS, async () => {
      const user = await this.users.findById(id);
      return user === null ? undefined : { version: user.version, user: toUserResponse(user) };
    });
    if (profile === undefined) throw new UserNotFoundError();
    return profile;
  }
}

/** What the profile is cached under. */
export function profileKey(userId: string): string {
  return `user:${userId}`;
}
