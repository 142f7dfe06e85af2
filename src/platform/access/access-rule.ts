import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiSecurity } from '#platform/openapi';
import type { AppConfig } from '#config';

export const ACCESS_RULE = Symbol('access-rule');

/** Who may call a route. The guards enforce it and the API description shows it; without one, the start is stopped. */
export interface AccessRule {
  /** Anyone, without a token; for some routes, the configuration decides. */
  readonly public: (config: AppConfig) => boolean;
  /** Whether users may call it for themselves: their own id, or `me`, as `:id`. */
  readonly self: boolean;
  /** What everyone else must hold; `undefined` where nobody else may. */
  readonly permissions: readonly string[] | undefined;
}

function access(rule: Partial<AccessRule>, ...documentation: (ClassDecorator & MethodDecorator)[]) {
  const whole: AccessRule = { public: () => false, self: false, permissions: undefined, ...rule };
  return applyDecorators(SetMetadata(ACCESS_RULE, whole), ...documentation);
}

function permissionDocs(who: string) {
  return [ApiBearerAuth(), ApiExtension('x-access', who)];
}

/** Anyone may call it, without a token. */
export const Public = () => access({ public: () => true }, ApiSecurity({}), ApiExtension('x-access', 'anyone'));

/** Anyone while the configuration says so; otherwise who holds the permission. */
export const PublicWhile = (open: (config: AppConfig) => boolean, otherwise: string) =>
  access({ public: open, permissions: [otherwise] }, ApiSecurity({}), ...permissionDocs(`anyone, or ${otherwise}`));

/** Anyone with a valid token. */
export const Authenticated = () => access({ permissions: [] }, ...permissionDocs('any user'));

/** Who holds all of these permissions. */
export const RequirePermissions = (...permissions: [string, ...string[]]) =>
  access({ permissions }, ...permissionDocs(permissions.join(' and ')));

/** The user named by `:id`, or who holds the permission. */
export const SelfOr = (permission: string) =>
  access({ self: true, permissions: [permission] }, ...permissionDocs(`self, or ${permission}`));

/** The user named by `:id` and nobody else. */
export const SelfOnly = () => access({ self: true }, ...permissionDocs('self'));

export const EXTRA_PERMISSIONS = Symbol('extra-permissions');

/** A permission that one value of a query parameter needs on top of the route's own. */
export interface QueryPermission {
  readonly parameter: string;
  readonly value: string;
  readonly permission: string;
}

/** `?parameter=value` needs this permission too. */
export const RequirePermissionFor = (parameter: string, value: string, permission: string) =>
  SetMetadata(EXTRA_PERMISSIONS, { parameter, value, permission } satisfies QueryPermission);
