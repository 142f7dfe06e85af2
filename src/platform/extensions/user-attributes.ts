import { Inject, Injectable } from '@nestjs/common';
import { tablePrefix } from '#platform/database';
import { type FieldFault, MAX_DETAILS, ValidationError } from '#platform/errors';
import { requestContext } from '#platform/request';
import type { AttributeDefinition, AttributeValue } from './attribute.js';
import type { ExtensionDefinition } from './define-extension.js';

/** By `<extension>.<name>`; one that is absent is not set. */
export type Attributes = Readonly<Record<string, AttributeValue>>;
/** What an update sets; `null` unsets. */
export type AttributeChanges = Readonly<Record<string, AttributeValue | null>>;

/** The injection token of the extensions of an application. */
export const EXTENSION_DEFINITIONS = Symbol('extension definitions');

/** The attributes of users that extensions declare: who may see and set which, and what they may hold. */
@Injectable()
export class UserAttributes {
  /** By `<extension>.<name>`. */
  readonly all: ReadonlyMap<string, AttributeDefinition>;

  constructor(@Inject(EXTENSION_DEFINITIONS) extensions: readonly ExtensionDefinition[]) {
    this.all = new Map(
      extensions.flatMap(({ name, attributes = {} }) =>
        Object.entries(attributes).map(([key, definition]) => [`${name}.${key}`, definition] as const),
      ),
    );
  }

  /**
   * What a client sends for the attributes of a user.
   *
   * @param self whether the user is the caller
   * @throws ValidationError naming each attribute that is unknown, not the caller's to set, or wrong
   */
  accept(sent: object | undefined, self: boolean): AttributeChanges | undefined {
    if (sent === undefined) return undefined;
    const accepted: Record<string, AttributeValue | null> = {};
    const faults: FieldFault[] = [];
    for (const [key, value] of Object.entries(sent)) {
      const found = this.read(key, value, self);
      if ('fault' in found) faults.push(found.fault);
      else accepted[key] = found.value;
      if (faults.length === MAX_DETAILS) break;
    }
    if (faults.length > 0) throw new ValidationError(faults);
    return accepted;
  }

  /**
   * What a list is filtered by.
   *
   * @throws ValidationError naming each attribute that the caller cannot filter by, or whose value is wrong
   */
  acceptFilters(sent: object | undefined): Attributes {
    const accepted: Record<string, AttributeValue> = {};
    for (const [key, text] of Object.entries(sent ?? {})) {
      const definition = this.all.get(key);
      const field = `attributes.${key}`;
      if (definition?.searchable !== true || !isAllowed(definition.readableBy, false)) {
        throw ValidationError.ofField(field, 'unknown_field', `${field} is not a known field`);
      }
      const value = definition.parse(String(text).normalize('NFC').trim());
      if (value === undefined)
        throw ValidationError.ofField(field, 'format', `${field} has a value that it cannot have`);
      accepted[key] = value;
    }
    return accepted;
  }

  /** What the caller of this request sees of a user's attributes; `undefined` where no extension declares any. */
  shown(userId: string, values: Attributes): Readonly<Record<string, AttributeValue | null>> | undefined {
    if (this.all.size === 0) return undefined;
    return Object.fromEntries(this.readable(userId).map((key) => [key, values[key] ?? null]));
  }

  /** Names the set of attributes that the caller of this request sees of a user; `undefined` where no extension declares any. */
  viewOf(userId: string): string | undefined {
    return this.all.size === 0 ? undefined : this.readable(userId).toSorted().join(' ');
  }

  /** Whether the caller of this request may read an attribute of a user; not where no extension declares it. */
  isReadable(name: string, userId: string): boolean {
    const definition = this.all.get(name);
    return definition !== undefined && isAllowed(definition.readableBy, isSelf(userId));
  }

  /** @param names of a violated index, or of what it is on @returns the unique attribute, `<extension>.<name>` */
  violated(names: readonly string[]): string | undefined {
    const text = names.join(' ');
    return [...this.all].find(([key, definition]) => {
      const [extension = '', name = ''] = key.split('.');
      return (
        definition.unique && (text.includes(`'${key}'`) || names.includes(attributeIndex(extension, name, definition)))
      );
    })?.[0];
  }

  private readable(userId: string): string[] {
    const self = isSelf(userId);
    return [...this.all].filter(([, { readableBy }]) => isAllowed(readableBy, self)).map(([key]) => key);
  }

  private read(
    key: string,
    value: unknown,
    self: boolean,
  ): { readonly value: AttributeValue | null } | { readonly fault: FieldFault } {
    const field = `attributes.${key}`;
    const definition = this.all.get(key);
    if (definition === undefined) {
      return { fault: { field, rule: 'unknown_field', message: `${field} is not a known field` } };
    }
    if (!isAllowed(definition.writableBy, self)) {
      return { fault: { field, rule: 'not_allowed', message: `${field} is not yours to set` } };
    }
    if (value === null) return { value };
    const text = typeof value === 'string' ? value.normalize('NFC') : value;
    const found = definition.check(text);
    if (found !== undefined) return { fault: { field, rule: found.rule, message: `${field} ${found.message}` } };
    return { value: text as AttributeValue };
  }
}

/** The index that a unique or searchable attribute needs. */
export function attributeIndex(extension: string, name: string, { unique }: AttributeDefinition): string {
  const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${tablePrefix(extension)}${column}_${unique ? 'key' : 'idx'}`;
}

/** The statements that make it, while users are written, and again after a failure. */
export function attributeIndexSql(extension: string, name: string, definition: AttributeDefinition): string {
  const index = attributeIndex(extension, name, definition);
  const unique = definition.unique ? 'UNIQUE ' : '';
  const expression = `("attributes" ->> '${extension}.${name}')`;
  return `DROP INDEX CONCURRENTLY IF EXISTS "${index}";
CREATE ${unique}INDEX CONCURRENTLY "${index}" ON "users"(${expression}) WHERE deleted_at IS NULL;`;
}

/** Without a principal, as at a login or a registration, the user is the caller. */
function isSelf(userId: string): boolean {
  const principal = requestContext()?.principal;
  return principal === undefined || principal.userId === userId;
}

function isAllowed(rights: readonly string[], self: boolean): boolean {
  const permissions = requestContext()?.principal?.permissions;
  return rights.some((right) => (right === 'self' ? self : permissions?.has(right) === true));
}
