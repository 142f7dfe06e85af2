export { causesOf, isDatabaseFault, isDatabaseUnavailable, isDriverAdapterError } from './database-errors.js';
export { DatabaseDriver, type SqlConnection } from './database-driver.js';
export { openDriver, openMemoryDatabase } from './open-driver.js';
