import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import { CursorCodec } from './cursor-codec.js';
import { CursorPages } from './cursor-pages.js';
import { EnvelopeInterceptor } from './envelope.interceptor.js';
import { ExceptionEnvelopeFilter } from './exception.filter.js';
import { StrictInputInterceptor } from './strict-input.interceptor.js';
import { createValidationPipe } from './validation.pipe.js';

/** The frame of every request and answer. */
@Global()
@Module({
  providers: [
    CursorCodec,
    CursorPages,
    { provide: APP_FILTER, useClass: ExceptionEnvelopeFilter },
    { provide: APP_INTERCEPTOR, useClass: StrictInputInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
    { provide: APP_PIPE, inject: [AppConfig], useFactory: createValidationPipe },
  ],
  exports: [CursorPages],
})
export class HttpModule {}
