import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { PermissionRegistry } from '#platform/access';
import { JobRunner, JobsRepository } from '#platform/background';
import { PrismaService } from '#platform/database';
import { StartupError } from '#platform/errors';
import type { ExtensionDefinition } from './define-extension.js';
import { readSettings } from './extension-config.js';
import { extensionFaults } from './extension-faults.js';
import { Extensions } from './extensions.js';
import { EXTENSION_DEFINITIONS, UserAttributes } from './user-attributes.js';

/** Mounts the extensions, and hands what they add to every module. */
@Module({})
export class ExtensionsModule {
  /**
   * @param variables the environment, which their settings come from
   * @throws StartupError with one line for each fault
   */
  static forRoot(
    definitions: readonly ExtensionDefinition[],
    variables: Readonly<Record<string, string | undefined>>,
  ): DynamicModule {
    const settings = definitions.map((one) => readSettings(one, variables)).filter((one) => one !== undefined);
    const faults = [...extensionFaults(definitions), ...settings.flatMap((one) => one.faults)];
    if (faults.length > 0) throw new StartupError(faults.join('\n'));
    for (const warning of settings.flatMap((one) => one.warnings)) new Logger('Configuration').warn(warning);
    const configs = settings.map(({ type, value }) => ({ provide: type, useValue: value }));
    return {
      module: ExtensionsModule,
      global: true,
      imports: definitions.map(({ module }) => module).filter((module) => module !== undefined),
      providers: [
        ...configs,
        { provide: EXTENSION_DEFINITIONS, useValue: definitions },
        UserAttributes,
        JobRunner,
        JobsRepository,
        {
          provide: Extensions,
          inject: [ModulesContainer, PermissionRegistry, ModuleRef, JobRunner, PrismaService],
          useFactory: (...parts: [ModulesContainer, PermissionRegistry, ModuleRef, JobRunner, PrismaService]) =>
            new Extensions(definitions, ...parts),
        },
      ],
      exports: [Extensions, UserAttributes, EXTENSION_DEFINITIONS, ...configs.map(({ provide }) => provide)],
    };
  }
}
