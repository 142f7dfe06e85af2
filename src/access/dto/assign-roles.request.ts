import { Field, uniqueTexts } from '#platform/input';

const MAX_ROLES = 100;

export class AssignRolesRequest {
  @Field(uniqueTexts('roles', MAX_ROLES), 'required', {
    type: [String],
    maxItems: MAX_ROLES,
    uniqueItems: true,
    example: ['auditor', 'user'],
    description: 'All roles that the user is to hold; `user` is one of them whether sent or not.',
  })
  roles!: string[];
}
