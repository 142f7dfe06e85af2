// The package, for applications that mount the API and for their extensions.
export { loadConfig } from '#config';
export * from '#core';
export { UserManagementModule, type UserManagementOptions } from './user-management.module.js';
