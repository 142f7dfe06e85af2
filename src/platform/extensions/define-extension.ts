import type { DynamicModule, Type } from '@nestjs/common';
import type { Job } from '#platform/background';
import type { Prisma } from '#platform/database';
import type { AttributeDefinition } from './attribute.js';

/** A user as strategies get to see it. */
export interface ExtensionUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly status: string;
  readonly roles: readonly string[];
  /** By `<extension>.<name>`. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Decides which new passwords are good, in place of the rule about kinds of characters. */
export interface PasswordRule {
  /**
   * @param user the account's names, as far as they are known
   * @returns what is wrong with the password, for the client; nothing where it is good
   * @throws DomainError to answer with an error of its own
   */
  check(
    password: string,
    user: { readonly username?: unknown; readonly email?: unknown },
  ): string | undefined | void | Promise<string | undefined | void>;
}

/** Decides after the right password whether a login may go ahead. */
export interface LoginRule {
  /** @throws DomainError to refuse: 403 with the error's code and message, audited as `login.failed` */
  check(user: ExtensionUser): void | Promise<void>;
}

/** One part of `GET /health`. */
export interface Health {
  /** @throws while what it checks does not work: the service is then `degraded` */
  check(): void | Promise<void>;
}

/** What an extension keeps about a user, for the user's right to see it and to have it erased. */
export interface PersonalData {
  /** @returns what it holds about the user, as JSON */
  export(userId: string): unknown;
  /** Erases it in the transaction of the user's erasure. */
  erase(userId: string, db: Prisma.TransactionClient): Promise<void>;
}

export interface JobDefinition {
  /** The interval, such as `30s`, `15m` or `24h`. The first run is due after it. */
  readonly every: string;
  readonly run: Type<Job>;
}

/**
 * A value that goes into access tokens, as JSON; `undefined` leaves the claim out.
 *
 * @param get returns a service of the extension's module or of the core
 */
export type Claim = (user: ExtensionUser, get: <T>(type: Type<T>) => T) => unknown;

/** What an extension adds, declared in one place. Every member but `name` and `api` is optional. */
export interface ExtensionDefinition {
  /** The name of its folder: small letters, digits and hyphens. */
  readonly name: string;
  /** The versions of `EXTENSION_API` that it works with, as a range such as `^1.0.0` (semver). */
  readonly api: string;
  /** The names of extensions that it needs. */
  readonly requires?: readonly string[];
  /** Its Nest module: controllers and services. */
  readonly module?: Type | DynamicModule;
  /**
   * A class of settings with rules of `class-validator`, read from the environment: the property `retryLimit` of `billing`
   * is `BILLING_RETRY_LIMIT`. Services get it by injection.
   */
  readonly config?: Type;
  /** What each permission allows, by its name `resource:action`. */
  readonly permissions?: Readonly<Record<string, string>>;
  /** The audit actions that it records, `noun.past_verb`. */
  readonly auditActions?: readonly string[];
  /** By name, shown as `<extension>.<name>`. */
  readonly health?: Readonly<Record<string, Type<Health>>>;
  /** By name, in the token as `<extension>.<name>`. */
  readonly claims?: Readonly<Record<string, Claim>>;
  /** Of users, by name: in answers and requests `attributes["<extension>.<name>"]`. */
  readonly attributes?: Readonly<Record<string, AttributeDefinition>>;
  readonly loginRules?: readonly Type<LoginRule>[];
  readonly passwordRule?: Type<PasswordRule>;
  /** For the export and the erasure of a user's data, which come with a later release. */
  readonly personalData?: Type<PersonalData>;
  /**
   * A folder of mail templates, such as `new URL('./mails/', import.meta.url)`: `en/invoice.txt` in it is the template
   * `<extension>.invoice`. Every template needs English.
   */
  readonly mailTemplates?: URL;
  /** By name. */
  readonly jobs?: Readonly<Record<string, JobDefinition>>;
}

/** The version of what extensions build on. A change that breaks extensions raises its first number. */
export const EXTENSION_API = '1.0.0';

const DEFINED = new WeakSet<object>();

/** What `src/extensions/<name>/index.ts` exports as its default. */
export function defineExtension(definition: ExtensionDefinition): ExtensionDefinition {
  const defined = Object.freeze({ ...definition });
  DEFINED.add(defined);
  return defined;
}

/** Whether `defineExtension` has made it. */
export function isDefinition(value: unknown): value is ExtensionDefinition {
  return typeof value === 'object' && value !== null && DEFINED.has(value);
}
