import { CurrentPassword, NewPassword } from './user-fields.js';

export class ChangePasswordRequest {
  @CurrentPassword('currentPassword')
  currentPassword!: string;

  @NewPassword()
  newPassword!: string;
}
