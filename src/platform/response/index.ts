export { Answer, Message, WithoutEnvelope } from './answer.js';
export { EnvelopeInterceptor } from './envelope.interceptor.js';
export { ExceptionEnvelopeFilter } from './exception-envelope.filter.js';
