export { Envelope } from './envelope.js';
export { ExceptionEnvelopeFilter } from './exception-envelope.filter.js';
export { Reply } from './reply.js';
export { Returns } from './returns.decorator.js';
