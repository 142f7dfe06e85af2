import { Module, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessModule } from '#access';
import { PermissionRegistry } from '#platform/access';
import { UsersModule } from '#users';
import { AccessTokenKeys } from './access-token-keys.js';
import { AccessTokenReader } from './access-token-reader.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { JwksController } from './jwks.controller.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PermissionGuard } from './permission.guard.js';
import { RefreshCookie } from './refresh-cookie.js';
import { RefreshTokenReader } from './refresh-token-reader.js';
import { SessionListService } from './session-list.service.js';
import { SessionSweeper } from './session-sweeper.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { TokenClaimsService } from './token-claims.service.js';
import { TokenRotationService } from './token-rotation.service.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [UsersModule, AccessModule],
  controllers: [AuthController, SessionsController, JwksController],
  providers: [
    AuthService,
    SessionsService,
    SessionsRepository,
    SessionListService,
    SessionSweeper,
    TokenClaimsService,
    TokenRotationService,
    TokensService,
    AccessTokenKeys,
    JwtStrategy,
    AccessTokenReader,
    RefreshCookie,
    RefreshTokenReader,
    // In this order: who it is, then what they may do.
    JwtAuthGuard,
    PermissionGuard,
    { provide: APP_GUARD, useExisting: JwtAuthGuard },
    { provide: APP_GUARD, useExisting: PermissionGuard },
  ],
})
export class AuthModule implements OnModuleInit {
  constructor(private readonly permissions: PermissionRegistry) {}

  onModuleInit(): void {
    this.permissions.declare({ 'sessions:manage': "List and end any user's sessions" });
  }
}
