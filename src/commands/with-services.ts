import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { loadExtensions } from '../load-extensions.js';
import type { AppConfig } from '#config';

/** Runs `work` with the application's services on the configured stores, without its server. */
export async function withServices<T>(
  config: AppConfig,
  work: (services: INestApplicationContext) => Promise<T>,
): Promise<T> {
  // A command prints one line.
  Logger.overrideLogger(false);
  // The audit sink may be standard output, which is the command's; a server sends what this leaves.
  const quiet = { ...config, audit: { ...config.audit, sink: undefined } };
  const { extensions } = await loadExtensions(config.extensions);
  const services = await NestFactory.createApplicationContext(AppModule.forRoot(quiet, extensions), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
