import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiSecurity, REFRESH_COOKIE_SCHEME } from '#platform/openapi';
import type { AppConfig } from '#config';

export const ACCESS_RULE = Symbol('access-rule');

/** Who may call a route. The guards enforce it and the API description shows it. A route without a rule stops the start. */
export interface AccessRule {
  /** Whether anyone may call it without a token; for some routes, the configuration decides. */
  readonly public: (config: AppConfig) => boolean;
  /** Whether the cookie with a refresh token will do in place of an access token. */
  readonly cookie?: boolean;
  /** The permissions that users need for themselves, with `me` or their own id as `:id`; `undefined` if they may not. */
  readonly self: readonly string[] | undefined;
  /** The permissions that callers need otherwise; `undefined` if no other caller may use the route. */
  readonly permissions: readonly string[] | undefined;
}

function access(rule: Partial<AccessRule>, ...documentation: (ClassDecorator & MethodDecorator)[]) {
  const whole: AccessRule = { public: () => false, self: rule.permissions, permissions: undefined, ...rule };
  return applyDecorators(SetMetadata(ACCESS_RULE, whole), ...documentation);
}

function permissionDocs(who: string) {
  return [ApiBearerAuth(), ApiExtension('x-access', who)];
}

/** Anyone may call it, without a token. */
export const Public = () => access({ public: () => true }, ApiSecurity({}), ApiExtension('x-access', 'anyone'));

/** Anyone while the configuration says so; otherwise holders of the permission. */
export const PublicWhile = (open: (config: AppConfig) => boolean, otherwise: string) =>
  access({ public: open, permissions: [otherwise] }, ApiSecurity({}), ...permissionDocs(`anyone, or ${otherwise}`));

/** Anyone with a valid token. */
export const Authenticated = () => access({ permissions: [] }, ...permissionDocs('any user'));

/** Anyone with a valid token, or with the cookie that holds a refresh token. */
export const AuthenticatedOrByCookie = () =>
  access({ permissions: [], cookie: true }, ApiSecurity(REFRESH_COOKIE_SCHEME), ...permissionDocs('any user'));

type Permissions = [string, ...string[]];

/** Callers who hold all of these permissions. */
export const RequirePermissions = (...permissions: Permissions) =>
  access({ permissions }, ...permissionDocs(permissions.join(' and ')));

/** Callers who hold the permission; for another user than themselves, they need more. */
export const RequirePermissionAndForOthers = (permission: string, ...more: Permissions) =>
  access(
    { self: [permission], permissions: [permission, ...more] },
    ...permissionDocs(`${permission}; and ${more.join(' and ')} for another user`),
  );

/** Callers who hold all of these permissions, but never for themselves. */
export const OthersOnly = (...permissions: Permissions) =>
  access({ self: undefined, permissions }, ...permissionDocs(`${permissions.join(' and ')}, not for oneself`));

/** The user named by `:id`, and callers who hold all of these permissions. */
export const SelfOr = (...permissions: Permissions) =>
  access({ self: [], permissions }, ...permissionDocs(`self, or ${permissions.join(' and ')}`));

/** Only the user named by `:id`. */
export const SelfOnly = () => access({ self: [] }, ...permissionDocs('self'));

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
