import { anyString, Field, trimmed } from '#platform/input';

export class RefreshRequest {
  @Field(anyString('refreshToken'), 'required', { type: String }, { read: trimmed })
  refreshToken!: string;
}
