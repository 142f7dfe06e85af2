import { RoleNames, USER_ROLE } from '#access';
import { Email, fromProfileJson, type Invitation, ProfileRequest, Username } from '#users';

export class InviteUserRequest extends ProfileRequest('nullable', ['firstName', 'lastName']) {
  @Email()
  email!: string;

  @Username()
  username!: string;

  @RoleNames(
    'optional',
    'The roles of the new user; `user` is one of them whether sent or not. Others need `roles:assign`.',
  )
  roles?: string[];
}

export function toInvitation({ email, username, roles = [], ...profile }: InviteUserRequest): Invitation {
  return { email, username, ...fromProfileJson(profile), roles: [...new Set([...roles, USER_ROLE])].toSorted() };
}
