import { standardOutput } from '#platform/observability';
import { type AuditRecord, AuditSink, toLines } from './audit-sink.js';

/** Writes a line of JSON per record to standard output, among the log lines. */
export class StdoutAuditSink extends AuditSink {
  readonly name = 'stdout';

  async write(records: readonly AuditRecord[]): Promise<void> {
    // Records that are refused are sent again: they must not queue up meanwhile.
    const written =
      (await standardOutput.drained()) && standardOutput.write(toLines(records)) && (await standardOutput.drained());
    if (!written) throw new Error('Standard output takes nothing');
  }
}
