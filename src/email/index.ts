export { ACCOUNT_PATH, hideInvitations, serveAccountPages } from './account-pages.js';
export { EmailModule } from './email.module.js';
