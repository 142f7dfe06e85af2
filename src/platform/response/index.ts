export { Envelope } from './envelope.js';
export { ExceptionEnvelopeFilter, failureBody } from './exception-envelope.filter.js';
export { Reply } from './reply.js';
export { ApiAnswer, ApiErrors } from './api-answer.decorator.js';
