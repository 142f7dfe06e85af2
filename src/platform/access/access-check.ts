import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { StartupError } from '#platform/errors';
import { ACCESS_RULE, type AccessRule, EXTRA_PERMISSIONS, type QueryPermission } from './access-rule.js';
import { PermissionRegistry } from './permission-registry.js';

/** Stops the start if a route has no access rule, or requires a permission that no module declares. */
@Injectable()
export class AccessCheck implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly permissions: PermissionRegistry,
  ) {}

  /** Every module has declared its permissions by now. */
  onApplicationBootstrap(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      const prototype: unknown = metatype?.prototype;
      if (metatype === null || typeof prototype !== 'object' || prototype === null) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        this.check(`${metatype.name}.${name}`, Reflect.get(prototype, name));
      }
    }
  }

  /** @throws StartupError */
  private check(route: string, handler: unknown): void {
    if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler)) return;
    const rule: AccessRule | undefined = Reflect.getMetadata(ACCESS_RULE, handler);
    const extra: QueryPermission | undefined = Reflect.getMetadata(EXTRA_PERMISSIONS, handler);
    if (rule === undefined)
      throw new StartupError(
        `The route ${route} does not say who may call it. Add an access rule above it, such as @RequirePermissions().`,
      );
    const asked = [
      ...(rule.self ?? []),
      ...(rule.permissions ?? []),
      ...(extra === undefined ? [] : [extra.permission]),
    ];
    const unknown = asked.find((permission) => !this.permissions.names.has(permission));
    if (unknown === undefined) return;
    throw new StartupError(`The route ${route} asks for the permission ${unknown}, which no module declares.`);
  }
}
