import { ApiProperty } from '#platform/openapi';
import { UserResponse } from '#users';
import { ACCESS_TOKEN_EXAMPLE, REFRESH_TOKEN_EXAMPLE } from './token-examples.js';
import type { TokenPair } from '../tokens.service.js';

export class TokenResponse {
  @ApiProperty({ description: 'JWT for the Authorization header.', example: ACCESS_TOKEN_EXAMPLE })
  accessToken!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'JWT for one use at /auth/refresh; `null` where a cookie brings it.',
    example: REFRESH_TOKEN_EXAMPLE,
  })
  refreshToken!: string | null;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType!: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds that the access token is good for.', example: 3600 })
  expiresIn!: number;

  @ApiProperty({ type: 'integer', description: 'Seconds that the refresh token is good for.', example: 604800 })
  refreshExpiresIn!: number;

  @ApiProperty({ format: 'uuid', description: 'The session, as in the list of sessions.' })
  sessionId!: string;
}

export class LoginResponse extends TokenResponse {
  @ApiProperty({ type: UserResponse })
  user!: UserResponse;
}

/** @param byCookie whether a cookie brings the refresh token */
export function toTokenResponse(tokens: TokenPair, byCookie: boolean): TokenResponse {
  return {
    accessToken: tokens.accessToken,
    refreshToken: byCookie ? null : tokens.refreshToken,
    tokenType: 'Bearer',
    expiresIn: tokens.expiresIn,
    refreshExpiresIn: tokens.refreshExpiresIn,
    sessionId: tokens.sessionId,
  };
}

export function toLoginResponse(user: UserResponse, tokens: TokenPair, byCookie: boolean): LoginResponse {
  return { user, ...toTokenResponse(tokens, byCookie) };
}
