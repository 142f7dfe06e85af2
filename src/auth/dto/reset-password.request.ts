import { Field } from '../../platform/http/field.decorator.js';
import { NewPassword } from '../../users/index.js';

export class ResetPasswordRequest {
  @Field((value) => (typeof value === 'string' ? undefined : 'resetToken must be a string'), 'required', {
    type: String,
  })
  resetToken!: string;

  @NewPassword()
  newPassword!: string;
}
