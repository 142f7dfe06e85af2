import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AppConfig } from '#config';
import { AccessCheck, PermissionRegistry } from '#platform/access';
import { IdempotencyInterceptor, IdempotencyModule } from '#platform/idempotency';
import { CursorCodec, CursorPages } from '#platform/paging';
import { EnvelopeInterceptor, ExceptionEnvelopeFilter } from '#platform/response';
import { createValidationPipe, StrictInputInterceptor } from '#platform/input';

/** The frame of every request and answer. */
@Global()
@Module({
  imports: [DiscoveryModule, IdempotencyModule],
  providers: [
    AccessCheck,
    CursorCodec,
    CursorPages,
    PermissionRegistry,
    { provide: APP_FILTER, useClass: ExceptionEnvelopeFilter },
    { provide: APP_INTERCEPTOR, useClass: StrictInputInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
    { provide: APP_PIPE, inject: [AppConfig], useFactory: createValidationPipe },
  ],
  exports: [CursorCodec, CursorPages, PermissionRegistry],
})
export class ServerModule {}
