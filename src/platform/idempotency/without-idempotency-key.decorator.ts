import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '#platform/openapi';
import { addRouteConfig } from '#platform/request';

export const WITHOUT_IDEMPOTENCY_KEY = 'withoutIdempotencyKey';

/** The route ignores the header `Idempotency-Key`, because its answer or its body must not be stored. */
export const WithoutIdempotencyKey = () =>
  applyDecorators(addRouteConfig({ [WITHOUT_IDEMPOTENCY_KEY]: true }), ApiExtension('x-without-idempotency-key', true));
