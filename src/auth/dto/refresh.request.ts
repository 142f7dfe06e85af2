import { Field } from '#platform/input';

export class RefreshRequest {
  @Field((value) => (typeof value === 'string' ? undefined : 'refreshToken must be a string'), 'required', {
    type: String,
  })
  refreshToken!: string;
}
