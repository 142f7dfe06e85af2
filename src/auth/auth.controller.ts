import { Body, Controller, Post } from '@nestjs/common';
import { AppConfig } from '#config';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiSecurity,
  ApiTags,
  HEADER_SCHEMA,
  REFRESH_COOKIE_SCHEME,
  schemaReference,
} from '#platform/openapi';
import { AuthenticatedOrByCookie, Public } from '#platform/access';
import { BodyLimit, CountedByBody, CurrentUser, MAX_AUTH_BODY_BYTES, type Principal } from '#platform/request';
import { Reply, ApiAnswer } from '#platform/response';
import { DEVICE_TOKEN_HEADERS, deviceTokenHeaders, Hashes } from '#passwords';
import { PasswordResetsService, UserReplies } from '#users';
import { EmailNotVerifiedError } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { LoginByEmailRequest, LoginByUsernameRequest, LoginRequest, toLogin } from './dto/login.request.js';
import { RefreshRequest } from './dto/refresh.request.js';
import { REFRESH_COOKIE_HEADER, RefreshCookie } from './refresh-cookie.js';
import { RefreshTokenReader } from './refresh-token-reader.js';
import type { TokenPair } from './tokens.service.js';
import { SessionsService } from './sessions.service.js';
import { ResetPasswordRequest } from './dto/reset-password.request.js';
import { LoginResponse, toLoginResponse, TokenResponse, toTokenResponse } from './dto/token.response.js';

@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly passwordResets: PasswordResetsService,
    private readonly refreshTokens: RefreshTokenReader,
    private readonly cookie: RefreshCookie,
    private readonly replies: UserReplies,
    private readonly config: AppConfig,
  ) {}

  @Post('login')
  @Public()
  @Hashes()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @RefreshTokenDelivery()
  @DeviceToken()
  @ApiOperation({ operationId: 'login', summary: 'Log in', description: 'With an email or a username.' })
  @ApiExtraModels(LoginByEmailRequest, LoginByUsernameRequest)
  @ApiBody({ schema: { oneOf: [schemaReference(LoginByEmailRequest), schemaReference(LoginByUsernameRequest)] } })
  @ApiAnswer({
    status: 200,
    description: 'The user and a pair of tokens.',
    model: LoginResponse,
    headers: DEVICE_TOKEN_HEADERS,
    errors: [401, 403, EmailNotVerifiedError],
  })
  async login(@Body() request: LoginRequest) {
    const byCookie = this.cookie.isWanted();
    const { user, tokens, deviceToken } = await this.auth.login(toLogin(request), request.password);
    const headers = deviceTokenHeaders(deviceToken, this.config);
    const cookies = [headers['set-cookie'], ...this.cookies(tokens, byCookie)];
    const body = toLoginResponse(this.replies.response(user), tokens, byCookie);
    return new Reply(body, { headers: { ...headers, 'set-cookie': cookies } });
  }

  @Post('refresh')
  @ApiSecurity(REFRESH_COOKIE_SCHEME)
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @CountedByBody()
  @RefreshTokenDelivery()
  @RequestedWith()
  @ApiBody({ type: RefreshRequest, required: false })
  @ApiOperation({
    operationId: 'refreshTokens',
    summary: 'Exchange a refresh token',
    description:
      'The new pair replaces the old one. Browsers that got the refresh token in a cookie send no body, and the header ' +
      '`X-Requested-With`; they get the next one in the cookie.',
  })
  @ApiAnswer({
    status: 200,
    description: 'A new pair of tokens.',
    model: TokenResponse,
    headers: REFRESH_COOKIE_HEADER,
    errors: [401],
  })
  async refresh(@Body() { refreshToken }: RefreshRequest) {
    const byCookie = this.cookie.isWanted() || refreshToken === undefined;
    const tokens = await this.auth.refresh(this.refreshTokens.claims());
    const cookies = this.cookies(tokens, byCookie);
    return new Reply(
      toTokenResponse(tokens, byCookie),
      cookies.length === 0 ? {} : { headers: { 'set-cookie': cookies } },
    );
  }

  @Post('reset-password')
  @Public()
  @Hashes()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({
    operationId: 'resetPassword',
    summary: 'Set a new password with a reset token',
    description: 'Ends every session of the user. A password that is refused does not use the token up.',
  })
  @ApiAnswer({ status: 200, description: 'Changed.', message: 'Password updated successfully', errors: [401] })
  async resetPassword(@Body() { resetToken, newPassword }: ResetPasswordRequest): Promise<void> {
    await this.passwordResets.redeem(resetToken, newPassword);
  }

  @Post('logout')
  @AuthenticatedOrByCookie()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @RequestedWith()
  @ApiOperation({
    operationId: 'logout',
    summary: 'Log out',
    description: 'Ends the session of the access token, or of the cookie with a refresh token, which is then cleared.',
  })
  @ApiAnswer({ status: 204, description: 'Logged out.', headers: REFRESH_COOKIE_HEADER })
  async logout(@CurrentUser() principal: Principal) {
    await this.sessions.logOut(principal);
    const cleared = this.cookie.cleared();
    return new Reply(null, cleared === undefined ? {} : { headers: { 'set-cookie': cleared } });
  }

  private cookies({ refreshToken, refreshExpiresIn }: TokenPair, byCookie: boolean): string[] {
    return byCookie ? [this.cookie.set(refreshToken, refreshExpiresIn)] : [];
  }
}

/** Describes the header that makes a device known, for clients without cookies. */
function DeviceToken(): MethodDecorator {
  return ApiHeader({
    name: 'X-Device-Token',
    required: false,
    description:
      'What an earlier login returned in this header. Wrong passwords of others then do not lock this device out.',
    schema: HEADER_SCHEMA,
  });
}

/** Describes the header that asks for the refresh token in a cookie. */
function RefreshTokenDelivery(): MethodDecorator {
  return ApiHeader({
    name: 'X-Refresh-Token-Delivery',
    required: false,
    description: 'For browsers: the refresh token comes in an HttpOnly cookie, and is `null` in the body.',
    schema: { type: 'string', enum: ['cookie'] },
  });
}

/** Describes the header that shows that a page of ours, and no other site, sends the cookie. */
function RequestedWith(): MethodDecorator {
  return ApiHeader({
    name: 'X-Requested-With',
    required: false,
    description: 'Any value: without it, the cookie with a refresh token is ignored.',
    schema: HEADER_SCHEMA,
  });
}
