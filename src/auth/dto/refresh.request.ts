import { anyString, Field, trimmed } from '#platform/input';

export class RefreshRequest {
  @Field(
    anyString('refreshToken'),
    'optional',
    { type: String, description: 'Left out by browsers, which send the cookie and `X-Requested-With`.' },
    { read: trimmed },
  )
  refreshToken?: string;
}
