import { Email } from '#users';

export class ForgotPasswordRequest {
  @Email()
  email!: string;
}
