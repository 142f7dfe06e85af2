export * from './domain-error.js';
export { StartupError } from './startup.error.js';
