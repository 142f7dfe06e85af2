export { Idempotency } from './idempotency.js';
export { IdempotencyModule } from './idempotency.module.js';
export { WithoutIdempotencyKey } from './without-idempotency-key.decorator.js';
