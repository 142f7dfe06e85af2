import { Field } from '#platform/input';
import { NewPassword } from '#users';

export class ResetPasswordRequest {
  @Field((value) => (typeof value === 'string' ? undefined : 'resetToken must be a string'), 'required', {
    type: String,
  })
  resetToken!: string;

  @NewPassword()
  newPassword!: string;
}
