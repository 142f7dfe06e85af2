import { OneTimeToken } from '#users';

export class VerifyEmailRequest {
  @OneTimeToken('token')
  token!: string;
}
