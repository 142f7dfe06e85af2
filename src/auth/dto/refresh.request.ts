import { MAX_AUTH_BODY_BYTES } from '#platform/request';
import { REFRESH_TOKEN_EXAMPLE } from './token-examples.js';
import { anyString, Field, trimmed } from '#platform/input';

export class RefreshRequest {
  @Field(
    anyString('refreshToken'),
    'optional',
    {
      type: String,
      maxLength: MAX_AUTH_BODY_BYTES,
      example: REFRESH_TOKEN_EXAMPLE,
      description: 'Left out by browsers, which send the cookie and `X-Requested-With`.',
    },
    { read: trimmed },
  )
  refreshToken?: string;
}
