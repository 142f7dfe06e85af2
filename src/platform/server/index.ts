export { createAdapter } from './adapter.js';
export { installHooks } from './hooks.js';
export { answerOtherMethods } from './methods.js';
export { installSecurityHeaders } from './security-headers.js';
export { ServerModule } from './server.module.js';
