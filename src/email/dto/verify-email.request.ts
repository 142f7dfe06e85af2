import { anyString, Field, trimmed } from '#platform/input';

export class VerifyEmailRequest {
  @Field(anyString('token'), 'required', { type: String }, { read: trimmed })
  token!: string;
}
