export { AuthModule } from './auth.module.js';
export { JWKS_PATH } from './jwks.controller.js';
