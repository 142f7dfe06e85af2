import { type AuditRecord, AuditSink, toLines } from './audit-sink.js';

/** Writes a line of JSON per record to standard output, among the log lines. */
export class StdoutAuditSink extends AuditSink {
  readonly name = 'stdout';

  async write(records: readonly AuditRecord[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(toLines(records), (error) => (error ? reject(error) : resolve()));
    });
  }
}
