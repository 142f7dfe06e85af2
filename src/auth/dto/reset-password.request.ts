import { anyString, Field } from '#platform/input';
import { NewPassword } from '#users';

export class ResetPasswordRequest {
  @Field(anyString('resetToken'), 'required', { type: String })
  resetToken!: string;

  @NewPassword()
  newPassword!: string;
}
