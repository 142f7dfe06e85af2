import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AppConfig } from '#config';
import { AccessCheck, PermissionRegistry } from '#platform/access';
import { UserAttributes } from '#platform/extensions';
import { IdempotencyModule } from '#platform/idempotency';
import { CursorCodec, CursorPages } from '#platform/paging';
import { Envelope, ExceptionEnvelopeFilter } from '#platform/response';
import { createValidationPipe, StrictInput } from '#platform/input';
import { HandlerInterceptor } from './handler.interceptor.js';

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
    StrictInput,
    Envelope,
    { provide: APP_INTERCEPTOR, useClass: HandlerInterceptor },
    {
      provide: APP_PIPE,
      inject: [AppConfig, UserAttributes],
      useFactory: (config: AppConfig, attributes: UserAttributes) =>
        createValidationPipe(config, attributes.all.size > 0),
    },
  ],
  exports: [CursorCodec, CursorPages, PermissionRegistry],
})
export class ServerModule {}
