export { createLoggers, type Loggers, NestLogger } from './logger.js';
export { logRequests, waitForLog } from './request-log.js';
export { standardOutput } from './standard-output.js';
