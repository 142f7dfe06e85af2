import { anyString, Field } from '#platform/input';

export class RefreshRequest {
  @Field(anyString('refreshToken'), 'required', { type: String })
  refreshToken!: string;
}
