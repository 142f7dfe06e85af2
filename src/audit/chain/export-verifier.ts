import type { AuditEntry } from '../audit-entry.js';
import { genesis, hashOf, type Head, type Month } from './chain.js';
import { byMonth, isGenuine, type SignedCheckpoint } from './checkpoint.js';

interface ExportedEntry extends AuditEntry {
  readonly link: { readonly month: Month; readonly sequence: number; readonly hash: string } | null;
}

/** Follows the chains of an unfiltered export, line by line, without a database. */
export class ExportVerifier {
  /** How many entries were found in their place. */
  entries = 0;
  /** How many entries were not linked yet when they were exported. */
  unlinked = 0;
  /** How many checkpoints are newer than the export. */
  newer = 0;
  private readonly heads = new Map<Month, Head>();
  private readonly externalCheckpoints: ReadonlyMap<Month, readonly SignedCheckpoint[]>;
  /** The next checkpoint of each month. */
  private readonly next = new Map<Month, number>();
  private latest = '';

  /**
   * @param externalCheckpoints checkpoints that were kept outside the database
   * @param trusted the public keys that they must be signed with
   */
  constructor(
    externalCheckpoints: readonly SignedCheckpoint[],
    private readonly trusted: ReadonlySet<string>,
  ) {
    this.externalCheckpoints = byMonth(externalCheckpoints);
  }

  /** @returns the id of an entry that does not fit */
  read(line: string): string | undefined {
    const { link, ...entry } = JSON.parse(line) as ExportedEntry;
    if (link === null) {
      this.unlinked += 1;
      return undefined;
    }
    const head = this.heads.get(link.month) ?? genesis(link.month);
    const hash = hashOf(head.hash, entry);
    const fits = link.sequence === head.sequence + 1 && hash.toString('hex') === link.hash;
    if (!fits || !this.agrees(link.month, link.sequence, link.hash)) return entry.id;
    this.heads.set(link.month, { sequence: link.sequence, hash });
    this.entries += 1;
    if (entry.time > this.latest) this.latest = entry.time;
    return undefined;
  }

  /** @returns the entry of a checkpoint that the export should have reached and did not */
  end(): string | undefined {
    const first = [...this.heads.keys()].toSorted()[0] ?? '';
    for (const [month, checkpoints] of this.externalCheckpoints) {
      const { sequence } = this.heads.get(month) ?? { sequence: 0 };
      const beyond = checkpoints.filter((checkpoint) => checkpoint.sequence > sequence);
      // Entries after the export, and months dropped before it, are not missing.
      const missing = beyond.find(({ time }) => month >= first && time <= this.latest);
      if (missing !== undefined) return missing.entryId;
      this.newer += beyond.length;
    }
    return undefined;
  }

  private agrees(month: Month, sequence: number, hash: string): boolean {
    const checkpoints = this.externalCheckpoints.get(month) ?? [];
    let index = this.next.get(month) ?? 0;
    for (; (checkpoints[index]?.sequence ?? Number.POSITIVE_INFINITY) <= sequence; index += 1) {
      const checkpoint = checkpoints[index];
      if (checkpoint === undefined || checkpoint.hash !== hash || !isGenuine(checkpoint, this.trusted)) return false;
    }
    this.next.set(month, index);
    return true;
  }
}
