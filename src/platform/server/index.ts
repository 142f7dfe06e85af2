export { createAdapter, frame, letInOneByOne, secure } from './fastify.js';
export { answerOtherMethods, collectMethods } from './methods.js';
export { ServerModule } from './server.module.js';
