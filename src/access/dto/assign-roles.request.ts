import { RoleNames } from './role-fields.js';

export class AssignRolesRequest {
  @RoleNames('required', 'All roles that the user is to hold; `user` is one of them whether sent or not.')
  roles!: string[];
}
