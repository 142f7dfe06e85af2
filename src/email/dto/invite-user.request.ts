import { USER_ROLE } from '#access';
import { Field, uniqueTexts } from '#platform/input';
import { Email, fromProfileJson, type Invitation, ProfileRequest, Username } from '#users';

const MAX_ROLES = 100;

export class InviteUserRequest extends ProfileRequest('nullable', ['firstName', 'lastName']) {
  @Email()
  email!: string;

  @Username()
  username!: string;

  @Field(uniqueTexts('roles', MAX_ROLES), 'optional', {
    type: [String],
    maxItems: MAX_ROLES,
    uniqueItems: true,
    example: ['auditor', 'user'],
    description: 'The roles of the new user; `user` is one of them whether sent or not. Others need `roles:assign`.',
  })
  roles?: string[];
}

export function toInvitation({ email, username, roles = [], ...profile }: InviteUserRequest): Invitation {
  return { email, username, ...fromProfileJson(profile), roles: [...new Set([...roles, USER_ROLE])].toSorted() };
}
