import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { AppConfig } from '#config';
import { Answer, Message } from '#platform/response';
import { ApiAnswer, ApiErrors, ApiOperation, ApiTags } from '#platform/openapi';
import { Authenticated, Public } from '#platform/access';
import {
  BodyLimit,
  CountedByBody,
  CurrentUser,
  MAX_AUTH_BODY_BYTES,
  OneByOne,
  type Principal,
} from '#platform/request';
import { DEVICE_TOKEN_HEADERS, deviceTokenHeaders } from '#passwords';
import { PasswordResetsService } from '#users';
import { AuthService } from './auth.service.js';
import { LoginRequest, toLogin } from './dto/login.request.js';
import { RefreshRequest } from './dto/refresh.request.js';
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
    private readonly config: AppConfig,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @OneByOne()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({ summary: 'Log in', description: 'With an email or a username.' })
  @ApiAnswer({
    status: 200,
    description: 'The user and a pair of tokens.',
    model: LoginResponse,
    headers: DEVICE_TOKEN_HEADERS,
  })
  @ApiErrors(401, 403)
  async login(@Body() request: LoginRequest) {
    const loggedIn = await this.auth.login(toLogin(request), request.password);
    return new Answer(toLoginResponse(loggedIn), { others: deviceTokenHeaders(loggedIn.deviceToken, this.config) });
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @CountedByBody()
  @ApiOperation({ summary: 'Exchange a refresh token', description: 'The new pair replaces the old one.' })
  @ApiAnswer({ status: 200, description: 'A new pair of tokens.', model: TokenResponse })
  @ApiErrors(401)
  async refresh(@Body() { refreshToken }: RefreshRequest) {
    return toTokenResponse(await this.auth.refresh(refreshToken));
  }

  @Post('reset-password')
  @HttpCode(200)
  @Public()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @Message('Password updated successfully')
  @ApiOperation({
    summary: 'Set a new password with a reset token',
    description: 'Ends every session of the user. A password that is refused does not use the token up.',
  })
  @ApiAnswer({ status: 200, description: 'Changed.', message: 'Password updated successfully' })
  @ApiErrors(401)
  async resetPassword(@Body() { resetToken, newPassword }: ResetPasswordRequest): Promise<void> {
    await this.passwordResets.redeem(resetToken, newPassword);
  }

  @Post('logout')
  @HttpCode(204)
  @Authenticated()
  @BodyLimit(MAX_AUTH_BODY_BYTES)
  @ApiOperation({ summary: 'Log out', description: 'Ends the session of the access token.' })
  @ApiAnswer({ status: 204, description: 'Logged out.' })
  async logout(@CurrentUser() principal: Principal): Promise<void> {
    await this.sessions.logOut(principal);
  }
}
