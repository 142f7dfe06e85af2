export { RedisClient } from './redis-client.js';
export { RedisModule } from './redis.module.js';
export { ANSWER_TIMEOUT_MS } from './patient-redis.js';
