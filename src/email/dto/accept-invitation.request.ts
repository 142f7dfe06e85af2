import { anyString, Field, trimmed } from '#platform/input';
import { NewPassword } from '#users';

export class AcceptInvitationRequest {
  @Field(anyString('token'), 'required', { type: String }, { read: trimmed })
  token!: string;

  @NewPassword()
  password!: string;
}
