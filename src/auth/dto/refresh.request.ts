import { Field } from '../../platform/http/field.decorator.js';

export class RefreshRequest {
  @Field((value) => (typeof value === 'string' ? undefined : 'refreshToken must be a string'), 'required', {
    type: String,
  })
  refreshToken!: string;
}
