import { Injectable } from '@nestjs/common';
import { StartupError } from '#platform/errors';

const NAME = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/;

export interface Permission {
  /** `resource:action` */
  readonly name: string;
  /** What the permission lets its holder do. */
  readonly description: string;
}

/** All permissions. Each module declares its own in `onModuleInit`. */
@Injectable()
export class PermissionRegistry {
  private readonly descriptions = new Map<string, string>();
  private readonly declared = new Set<string>();

  get names(): ReadonlySet<string> {
    return this.declared;
  }

  /**
   * @param descriptions what each permission allows, by its name, `resource:action`
   * @throws StartupError for a malformed name, or one that is declared already
   */
  declare(descriptions: Readonly<Record<string, string>>): void {
    for (const [name, description] of Object.entries(descriptions)) {
      if (!NAME.test(name)) throw new StartupError(`The permission ${name} is not named resource:action.`);
      if (this.declared.has(name)) throw new StartupError(`The permission ${name} is declared twice.`);
      this.declared.add(name);
      this.descriptions.set(name, description);
    }
  }

  /** Sorted by name. */
  list(): Permission[] {
    return [...this.descriptions]
      .map(([name, description]) => ({ name, description }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}
