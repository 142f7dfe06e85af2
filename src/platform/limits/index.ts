export { type Limit, Limiter, type Outcome } from './limiter.js';
export { LimitsModule } from './limits.module.js';
export { RateLimit } from './rate-limit.js';
export { ClientGoneError, WaitingLine } from './waiting-line.js';
