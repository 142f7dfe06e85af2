import { Injectable } from '@nestjs/common';
import { StartupError } from '#platform/errors';
import type { AuditSink } from './audit-sink.js';

/** The sinks that get copies. An extension adds its own in `onModuleInit`. */
@Injectable()
export class AuditSinks {
  private readonly sinks: AuditSink[] = [];

  get all(): readonly AuditSink[] {
    return this.sinks;
  }

  add(sink: AuditSink): void {
    if (this.sinks.some(({ name }) => name === sink.name)) {
      throw new StartupError(`There are two audit sinks of the name ${sink.name}.`);
    }
    this.sinks.push(sink);
  }
}
