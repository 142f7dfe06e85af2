export { createLogger, NestLogger } from './logger.js';
export { logRequests } from './request-log.js';
export { standardOutput } from './standard-output.js';
