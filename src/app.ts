import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstAdminService } from '#access';
import { AppModule } from './app.module.js';
import { AccessTokenReader, JWKS_PATH, RefreshTokenReader } from '#auth';
import type { AppConfig } from '#config';
import { hideInvitations, serveAccountPages } from '#email';
import { type ExtensionDefinition, Extensions, UserAttributes } from '#platform/extensions';
import { Idempotency } from '#platform/idempotency';
import { type Declarations, serveExplorer } from '#platform/openapi';
import { PermissionRegistry } from '#platform/access';
import { answerOtherMethods, createAdapter, installHooks, installSecurityHeaders } from '#platform/server';
import { createLoggers, NestLogger } from '#platform/observability';
import { HashGate } from '#passwords';
import { RateLimit } from '#platform/limits';

/**
 * The application with these extensions, ready to listen. The tests boot this same function.
 *
 * @param options.embedded whether it serves inside another application
 */
export async function createApp(
  config: AppConfig,
  extensions: readonly ExtensionDefinition[] = [],
  { embedded = false }: { readonly embedded?: boolean } = {},
): Promise<NestFastifyApplication> {
  const loggers = await createLoggers(config);
  const { logger } = loggers;
  const adapter = createAdapter(config);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, extensions), adapter, {
    // Inside another application, the log lines of Nest's loggers go where that application's go.
    ...(embedded ? {} : { logger: new NestLogger(logger) }),
    bodyParser: false,
    abortOnError: false,
  });
  for (const warning of config.warnings) logger.warn({ context: 'Configuration' }, warning);
  const fastify = adapter.getInstance();
  const methods = await installHooks(fastify, {
    config,
    loggers,
    accessToken: app.get(AccessTokenReader).read,
    refreshToken: app.get(RefreshTokenReader).read,
    rateLimit: app.get(RateLimit),
    idempotency: app.get(Idempotency),
    hashGate: app.get(HashGate),
  });
  installSecurityHeaders(app, config);
  app.setGlobalPrefix(config.basePath, { exclude: [JWKS_PATH] });
  if (config.mail !== undefined) serveAccountPages(fastify, config);
  if (config.docs) await serveExplorer(app, config, declarations(app));
  try {
    await app.init();
    await app.get(FirstAdminService).ensure();
    await app.get(Extensions).startJobs();
  } catch (error) {
    // What was opened before the start failed must not outlive it.
    await app.close();
    throw error;
  }
  answerOtherMethods(fastify, methods);
  if (config.mail === undefined) hideInvitations(fastify, config);
  return app;
}

/** What the API description takes from a started application, besides its routes. */
export function declarations(app: NestFastifyApplication): Declarations {
  return { attributes: app.get(UserAttributes).all, permissions: app.get(PermissionRegistry).names };
}
