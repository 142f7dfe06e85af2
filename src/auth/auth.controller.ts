import { Body, Controller, Post } from '@nestjs/common';
import { AppConfig } from '#config';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { Authenticated, Public } from '#platform/access';
import { BodyLimit, CountedByBody, CurrentUser, MAX_AUTH_BODY_BYTES, type Principal } from '#platform/request';
import { Reply, ApiAnswer } from '#platform/response';
import { DEVICE_TOKEN_HEADERS, deviceTokenHeaders, Hashes } from '#passwords';
import { PasswordResetsService, UserReplies } from '#users';
import { EmailNotVerifiedError } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { LoginRequest, toLogin } from './dto/login.request.js';
import { RefreshRequest } from './dto/refresh.request.js';
import { RefreshTokenReader } from './refresh-token-reader.js';
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
    private readonly replies: UserReplies,
    private readonly config: AppConfig,
  ) {}

  @Post('login')
  @Public()
  @Hashes()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({ summary: 'Log in', description: 'With an email or a username.' })
  @ApiAnswer({
    status: 200,
    description: 'The user and a pair of tokens.',
    model: LoginResponse,
    headers: DEVICE_TOKEN_HEADERS,
    errors: [401, 403, EmailNotVerifiedError],
  })
  async login(@Body() request: LoginRequest) {
    const { user, tokens, deviceToken } = await this.auth.login(toLogin(request), request.password);
    const headers = deviceTokenHeaders(deviceToken, this.config);
    return new Reply(toLoginResponse(this.replies.response(user), tokens), { headers });
  }

  @Post('refresh')
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @CountedByBody()
  @ApiOperation({ summary: 'Exchange a refresh token', description: 'The new pair replaces the old one.' })
  @ApiAnswer({ status: 200, description: 'A new pair of tokens.', model: TokenResponse, errors: [401] })
  async refresh(@Body() _body: RefreshRequest) {
    return toTokenResponse(await this.auth.refresh(this.refreshTokens.claims()));
  }

  @Post('reset-password')
  @Public()
  @Hashes()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({
    summary: 'Set a new password with a reset token',
    description: 'Ends every session of the user. A password that is refused does not use the token up.',
  })
  @ApiAnswer({ status: 200, description: 'Changed.', message: 'Password updated successfully', errors: [401] })
  async resetPassword(@Body() { resetToken, newPassword }: ResetPasswordRequest): Promise<void> {
    await this.passwordResets.redeem(resetToken, newPassword);
  }

  @Post('logout')
  @Authenticated()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({ summary: 'Log out', description: 'Ends the session of the access token.' })
  @ApiAnswer({ status: 204, description: 'Logged out.' })
  async logout(@CurrentUser() principal: Principal): Promise<void> {
    await this.sessions.logOut(principal);
  }
}
