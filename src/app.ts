import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstAdminService } from '#access';
import { AppModule } from './app.module.js';
import { AccessTokenReader, JWKS_PATH, RefreshTokenReader } from '#auth';
import type { AppConfig } from '#config';
import { serveExplorer } from '#platform/openapi';
import { answerOtherMethods, collectMethods, createAdapter, frame, letInOneByOne, secure } from '#platform/server';
import { createLogger, NestLogger } from '#platform/observability';
import { PasswordHasher } from '#passwords';
import { RateLimit } from '#platform/limits';

/** The application, ready to listen. The tests boot this same function. */
export async function createApp(config: AppConfig): Promise<NestFastifyApplication> {
  const logger = createLogger(config);
  const adapter = createAdapter(config);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance();
  await frame(fastify, config, logger);
  secure(app, config);
  // In this order: whose request it is, then how many there were, then whose turn it is.
  for (const hooks of [AccessTokenReader, RefreshTokenReader, RateLimit]) app.get(hooks).watch(fastify);
  letInOneByOne(fastify, app.get(PasswordHasher).queue);
  app.setGlobalPrefix(config.basePath, { exclude: [JWKS_PATH] });
  const methods = collectMethods(fastify);
  if (config.docs) await serveExplorer(app);
  try {
    await app.init();
    await app.get(FirstAdminService).ensure();
  } catch (error) {
    // What was opened before the start failed must not outlive it.
    await app.close();
    throw error;
  }
  answerOtherMethods(fastify, methods);
  return app;
}
