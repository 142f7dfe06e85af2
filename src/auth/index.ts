export { AccessTokenReader } from './access-token-reader.js';
export { AuthModule } from './auth.module.js';
export { JWKS_PATH } from './jwks.controller.js';
export { RefreshTokenReader } from './refresh-token-reader.js';
export { NewDeviceUsed, SessionsEnded, SessionStarted, VerificationNeeded } from './auth.events.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export { PermissionGuard } from './permission.guard.js';
