import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import { AuditActions } from '../audit/index.js';
import { ACCESS_ACTIONS } from './access-denied.event.js';
import { AccessCheck } from './access-check.js';
import { CursorCodec } from './cursor-codec.js';
import { CursorPages } from './cursor-pages.js';
import { EnvelopeInterceptor } from './envelope.interceptor.js';
import { ExceptionEnvelopeFilter } from './exception.filter.js';
import { PermissionRegistry } from './permission-registry.js';
import { StrictInputInterceptor } from './strict-input.interceptor.js';
import { createValidationPipe } from './validation.pipe.js';

/** The frame of every request and answer. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    AccessCheck,
    CursorCodec,
    CursorPages,
    PermissionRegistry,
    { provide: APP_FILTER, useClass: ExceptionEnvelopeFilter },
    { provide: APP_INTERCEPTOR, useClass: StrictInputInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
    { provide: APP_PIPE, inject: [AppConfig], useFactory: createValidationPipe },
  ],
  exports: [CursorCodec, CursorPages, PermissionRegistry],
})
export class HttpModule implements OnModuleInit {
  constructor(private readonly actions: AuditActions) {}

  onModuleInit(): void {
    this.actions.declare(...ACCESS_ACTIONS);
  }
}
