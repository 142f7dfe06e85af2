import { anyString, Field, trimmed } from '#platform/input';
import { NewPassword } from '#users';

export class ResetPasswordRequest {
  @Field(anyString('resetToken'), 'required', { type: String }, { read: trimmed })
  resetToken!: string;

  @NewPassword()
  newPassword!: string;
}
