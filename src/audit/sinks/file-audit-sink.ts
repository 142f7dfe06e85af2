import { open } from 'node:fs/promises';
import { type AuditRecord, AuditSink, toLines } from './audit-sink.js';

/** Appends a line of JSON per record to a file; a record counts as sent once it is on the disk. */
export class FileAuditSink extends AuditSink {
  readonly name = 'file';

  constructor(private readonly path: string) {
    super();
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      // A line that was cut short, as by a full disk, is ended before the next one.
      const { size } = await file.stat();
      const last = size === 0 ? '\n' : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer.toString();
      await file.writeFile((last === '\n' ? '' : '\n') + toLines(records));
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
