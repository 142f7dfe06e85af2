import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { PermissionRegistry } from '#platform/access';
import { intervalOf } from './extension-faults.js';
import { JobRunner } from './job-runner.js';
import type { Claim, ExtensionDefinition, Health, LoginRule, PasswordRule } from './define-extension.js';

/** What the extensions of this application add, for the features that ask for it. */
@Injectable()
export class Extensions {
  /** By `<extension>.<name>`, as are the claims. */
  readonly health = new Map<string, Health>();
  readonly claims = new Map<string, Claim>();
  readonly loginRules: LoginRule[] = [];
  /** At most one extension has one. */
  passwordRule: PasswordRule | undefined;

  constructor(
    private readonly definitions: readonly ExtensionDefinition[],
    private readonly modules: ModulesContainer,
    private readonly permissions: PermissionRegistry,
    private readonly core: ModuleRef,
    private readonly jobs: JobRunner,
  ) {}

  /** Creates the extensions' classes. The composition root calls it when every module has been initialised. */
  async start(): Promise<void> {
    for (const extension of this.definitions) {
      const { name, permissions = {}, health = {}, claims = {}, loginRules = [], passwordRule } = extension;
      const create = this.creatorOf(extension);
      this.permissions.declare(permissions);
      for (const [member, claim] of Object.entries(claims)) this.claims.set(`${name}.${member}`, claim);
      for (const [member, type] of Object.entries(health)) this.health.set(`${name}.${member}`, await create(type));
      for (const type of loginRules) this.loginRules.push(await create(type));
      if (passwordRule !== undefined) this.passwordRule = await create(passwordRule);
    }
  }

  /** For a server; a command runs no jobs. */
  async startJobs(): Promise<void> {
    for (const extension of this.definitions) {
      const create = this.creatorOf(extension);
      for (const [member, { every, run }] of Object.entries(extension.jobs ?? {})) {
        await this.jobs.start(`${extension.name}.${member}`, intervalOf(every) ?? 0, await create(run));
      }
    }
  }

  /** In the extension's module, so that its classes get its services by injection. */
  private creatorOf({ module }: ExtensionDefinition): <T>(type: Type<T>) => Promise<T> {
    const metatype = module === undefined || typeof module === 'function' ? module : module.module;
    const own = [...this.modules.values()].find((candidate) => candidate.metatype === metatype);
    const ref = own?.getProviderByKey<ModuleRef>(ModuleRef)?.instance ?? this.core;
    return async <T>(type: Type<T>): Promise<T> =>
      own?.providers.has(type) === true ? ref.get<T>(type) : ref.create<T>(type);
  }
}
