import { open } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { StartupError } from '#platform/errors';
import type { AuditEntry } from '../audit-entry.js';
import type { SignedCheckpoint } from '../chain/checkpoint.js';

/** An entry with its place in its month's chain. The hashes are hexadecimal. */
export interface LinkedEntry {
  readonly type: 'entry';
  readonly month: string;
  readonly sequence: number;
  readonly hash: string;
  readonly entry: AuditEntry;
}

export interface SentCheckpoint {
  readonly type: 'checkpoint';
  readonly checkpoint: SignedCheckpoint;
}

export type AuditRecord = LinkedEntry | SentCheckpoint;

/** Somewhere else that a copy of the audit log goes to. */
export abstract class AuditSink {
  /** Up to 50 characters: how far it has been sent to is remembered under this name. */
  abstract readonly name: string;

  /** What it resolves for is not sent again; what it rejects, or a crash leaves open, is: at least once. */
  abstract write(records: readonly AuditRecord[]): Promise<void>;
}

/** Where copies go. An extension adds its own in `onModuleInit`. */
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

/** A line of JSON for each, at the end of a file: written to the disk before it counts as sent. */
export class FileAuditSink extends AuditSink {
  readonly name = 'file';

  constructor(private readonly path: string) {
    super();
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      // After a line that was cut short, as by a full disk, comes a new one.
      const { size } = await file.stat();
      const last = size === 0 ? '\n' : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer.toString();
      await file.writeFile((last === '\n' ? '' : '\n') + toLines(records));
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** The same on standard output, beside the log. */
export class StdoutAuditSink extends AuditSink {
  readonly name = 'stdout';

  async write(records: readonly AuditRecord[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(toLines(records), (error) => (error ? reject(error) : resolve()));
    });
  }
}

function toLines(records: readonly AuditRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
