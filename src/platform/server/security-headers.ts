import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '#config';

/** Response headers that a page of an allowed origin may read. */
const EXPOSED_HEADERS = [
  'ETag',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Request-Id',
  'X-Device-Token',
  'Idempotency-Replayed',
];

/** Content Security Policy, HSTS and the like, and CORS for the configured origins. */
export function installSecurityHeaders(app: NestFastifyApplication, { corsOrigins }: AppConfig): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
  });
  app.enableCors({
    origin: (origin: string | undefined, allow: (error: Error | null, allowed: boolean) => void) =>
      allow(null, origin !== undefined && corsOrigins.includes(origin)),
    exposedHeaders: EXPOSED_HEADERS,
    credentials: true,
    // The OPTIONS routes answer, as only they know which methods a path has.
    preflight: false,
  });
}
