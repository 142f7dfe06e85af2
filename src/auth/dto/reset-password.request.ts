import { NewPassword, OneTimeToken } from '#users';

export class ResetPasswordRequest {
  @OneTimeToken('resetToken')
  resetToken!: string;

  @NewPassword()
  newPassword!: string;
}
