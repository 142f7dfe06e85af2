import { Injectable } from '@nestjs/common';
import { UserAttributes } from '#platform/extensions';
import type { Entity } from '#platform/request';
import { Reply } from '#platform/response';
import { toUserResponse, type UserResponse } from './dto/user.response.js';
import type { UserProfile } from './user-profiles.service.js';
import type { User } from './user.js';

/** Accounts as the caller of this request sees them: with the attributes that are the caller's to read. */
@Injectable()
export class UserReplies {
  constructor(private readonly attributes: UserAttributes) {}

  response(user: User): UserResponse {
    return { ...toUserResponse(user), ...this.attributesOf(user) };
  }

  /** @param status instead of the one that the route returns otherwise */
  one(user: User, status?: number): Reply<{ user: UserResponse }> {
    return new Reply(
      { user: this.response(user) },
      { entity: this.entityOf(user), ...(status === undefined ? {} : { status }) },
    );
  }

  created(user: User): Reply<{ user: UserResponse }> {
    return new Reply({ user: this.response(user) }, { entity: this.entityOf(user), location: `/users/${user.id}` });
  }

  profile({ user, version, attributes = {} }: UserProfile): Reply<{ user: UserResponse }> {
    const shown = { ...user, ...this.attributesOf({ id: user.id, attributes }) };
    return new Reply(
      { user: shown },
      { entity: this.entityOf({ id: user.id, version }), headers: { 'cache-control': 'private, no-cache' } },
    );
  }

  private entityOf({ id, version }: Pick<User, 'id' | 'version'>): Entity {
    return { id, version, view: this.attributes.viewOf(id) };
  }

  private attributesOf({ id, attributes }: Pick<User, 'id' | 'attributes'>): Pick<UserResponse, 'attributes'> {
    const shown = this.attributes.shown(id, attributes);
    return shown === undefined ? {} : { attributes: shown };
  }
}
