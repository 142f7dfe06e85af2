import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import type { AppConfig } from '#config';

/** Gives `work` the services of the application on the configured stores, without its server. */
export async function withServices<T>(
  config: AppConfig,
  work: (services: INestApplicationContext) => Promise<T>,
): Promise<T> {
  // What a command has to say is one line.
  Logger.overrideLogger(false);
  // Nor does it send the audit log on: standard output may be where that goes to.
  const quiet = { ...config, audit: { ...config.audit, sink: undefined } };
  const services = await NestFactory.createApplicationContext(AppModule.forRoot(quiet), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
