import { NewPassword, OneTimeToken } from '#users';

export class AcceptInvitationRequest {
  @OneTimeToken('token')
  token!: string;

  @NewPassword()
  password!: string;
}
