import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { PermissionRegistry } from '#platform/access';
import { JobRunner } from '#platform/background';
import { PrismaService } from '#platform/database';
import { StartupError } from '#platform/errors';
import { attributeIndex } from './user-attributes.js';
import { intervalOf } from './extension-faults.js';
import type { ExtensionDefinition, ExtensionUser, Health, LoginRule, PasswordRule } from './define-extension.js';

/** What the extensions of this application add, for the features that ask for it. */
@Injectable()
export class Extensions {
  /** By `<extension>.<name>`, as are the claims. */
  readonly health = new Map<string, Health>();
  readonly claims = new Map<string, (user: ExtensionUser) => unknown>();
  readonly loginRules: LoginRule[] = [];
  /** At most one extension has one. */
  passwordRule: PasswordRule | undefined;

  constructor(
    private readonly definitions: readonly ExtensionDefinition[],
    private readonly modules: ModulesContainer,
    private readonly permissions: PermissionRegistry,
    private readonly core: ModuleRef,
    private readonly jobs: JobRunner,
    private readonly prisma: PrismaService,
  ) {}

  /** Creates the extensions' classes. The composition root calls it when every module has been initialised. */
  async start(): Promise<void> {
    this.declarePermissions();
    await this.assertIndexes();
    for (const extension of this.definitions) {
      const { name, health = {}, claims = {}, loginRules = [], passwordRule } = extension;
      const { attributes = {} } = extension;
      const create = this.creatorOf(extension);
      const get = <T>(type: Type<T>): T => this.refOf(extension).get(type, { strict: false });
      for (const [member, claim] of Object.entries(claims)) {
        this.claims.set(`${name}.${member}`, (user) => claim(user, get));
      }
      for (const [member, { claim }] of Object.entries(attributes)) {
        if (claim !== undefined) this.claims.set(`${name}.${claim}`, (user) => user.attributes[`${name}.${member}`]);
      }
      for (const [member, type] of Object.entries(health)) this.health.set(`${name}.${member}`, await create(type));
      for (const type of loginRules) this.loginRules.push(await create(type));
      if (passwordRule !== undefined) this.passwordRule = await create(passwordRule);
    }
  }

  /** @throws StartupError for permissions that the core has, and for rights to attributes that no permission is named by */
  private declarePermissions(): void {
    const taken = this.definitions.flatMap(({ name, permissions = {} }) =>
      Object.keys(permissions)
        .filter((permission) => this.permissions.names.has(permission))
        .map((permission) => `Extension ${name}: the permission ${permission} is taken by the core.`),
    );
    if (taken.length > 0) throw new StartupError(taken.join('\n'));
    for (const { permissions = {} } of this.definitions) this.permissions.declare(permissions);
    const unknown = this.definitions.flatMap(({ name, attributes = {} }) =>
      Object.entries(attributes).flatMap(([one, { readableBy, writableBy }]) =>
        [...new Set([...readableBy, ...writableBy])]
          .filter((right) => right !== 'self' && !this.permissions.names.has(right))
          .map((right) => `Extension ${name}: the attribute ${one} names ${right}, which is no permission.`),
      ),
    );
    if (unknown.length > 0) throw new StartupError(unknown.join('\n'));
  }

  /** @throws StartupError for attributes without the index that they need */
  private async assertIndexes(): Promise<void> {
    const needed = this.definitions.flatMap(({ name, attributes = {} }) =>
      Object.entries(attributes)
        .filter(([, { unique, searchable }]) => unique || searchable)
        .map(([one, definition]) => ({ extension: name, one, index: attributeIndex(name, one, definition) })),
    );
    if (needed.length === 0) return;
    const rows = await this.prisma.$queryRaw<{ name: string }[]>`
      SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = 'users'::regclass AND i.indisvalid`;
    const there = new Set(rows.map(({ name }) => name));
    const faults = needed
      .filter(({ index }) => !there.has(index))
      .map(
        ({ extension, one, index }) =>
          `Extension ${extension}: the attribute ${one} needs the index ${index}: run "npm run uma -- migrate:new ${extension} add_${one.toLowerCase()}", then "npm run migrate".`,
      );
    if (faults.length > 0) throw new StartupError(faults.join('\n'));
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
  private creatorOf(extension: ExtensionDefinition): <T>(type: Type<T>) => Promise<T> {
    const ref = this.refOf(extension);
    const own = this.moduleOf(extension);
    return async <T>(type: Type<T>): Promise<T> =>
      own?.providers.has(type) === true ? ref.get<T>(type) : ref.create<T>(type);
  }

  private refOf(extension: ExtensionDefinition): ModuleRef {
    return this.moduleOf(extension)?.getProviderByKey<ModuleRef>(ModuleRef)?.instance ?? this.core;
  }

  private moduleOf({ module }: ExtensionDefinition) {
    const metatype = module === undefined || typeof module === 'function' ? module : module.module;
    return [...this.modules.values()].find((candidate) => candidate.metatype === metatype);
  }
}
