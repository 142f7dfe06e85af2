import { Injectable } from '@nestjs/common';
import { StartupError } from '#platform/errors';

const NAME = /^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$/;

/** Every action that the audit log knows: each module declares its own in `onModuleInit`. */
@Injectable()
export class AuditActions {
  private readonly declared = new Set<string>();

  /**
   * @param names `noun.past_verb`
   * @throws StartupError for a name of another form, or one that is declared already
   */
  declare(...names: string[]): void {
    for (const name of names) {
      if (!NAME.test(name)) throw new StartupError(`The audit action ${name} is not named noun.past_verb.`);
      if (this.declared.has(name)) throw new StartupError(`The audit action ${name} is declared twice.`);
      this.declared.add(name);
    }
  }

  has(name: string): boolean {
    return this.declared.has(name);
  }
}
