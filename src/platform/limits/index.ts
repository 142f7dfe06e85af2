export { LimitsModule } from './limits.module.js';
export { RateLimit } from './rate-limit.js';
export { ClientGoneError, WaitingLine } from './waiting-line.js';
