export { createLogger, NestLogger } from './logger.js';
export { logRequests } from './request-log.js';
