import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AppConfig } from '#config';
import { AuditActions } from '#platform/events';
import { ACCESS_ACTIONS, AccessCheck, PermissionRegistry } from '#platform/access';
import { CursorCodec, CursorPages } from '#platform/paging';
import { EnvelopeInterceptor, ExceptionEnvelopeFilter } from '#platform/response';
import { createValidationPipe, StrictInputInterceptor } from '#platform/input';

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
export class ServerModule implements OnModuleInit {
  constructor(private readonly actions: AuditActions) {}

  onModuleInit(): void {
    this.actions.declare(...ACCESS_ACTIONS);
  }
}
