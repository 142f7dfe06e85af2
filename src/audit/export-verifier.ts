import type { AuditEntry } from './audit-entry.js';
import { genesis, hashOf, type Head, type Month } from './chain.js';
import { isGenuine, type SignedCheckpoint } from './checkpoint.js';

/** How many entries may come before their turn: they are exported by time, which is nearly their order. */
const MAX_WAITING = 100_000;

interface ExportedEntry extends AuditEntry {
  readonly link: { readonly month: Month; readonly sequence: number; readonly hash: string } | null;
}

interface Chain {
  head: Head;
  /** By their sequence: those whose turn has not come. */
  readonly waiting: Map<number, ExportedEntry>;
}

/** Follows the chains of an unfiltered export, line by line, without a database. */
export class ExportVerifier {
  private readonly chains = new Map<Month, Chain>();
  entries = 0;

  /**
   * @param held checkpoints that were kept elsewhere
   * @param key the public key that they must be signed with
   */
  constructor(
    private readonly held: readonly SignedCheckpoint[],
    private readonly key: string | undefined,
  ) {}

  /** @returns the id of the first entry that does not fit, if this line shows it */
  read(line: string): string | undefined {
    const entry = JSON.parse(line) as ExportedEntry;
    if (entry.link === null) return undefined;
    const { month, sequence } = entry.link;
    const chain = this.chains.get(month) ?? { head: genesis(month), waiting: new Map<number, ExportedEntry>() };
    this.chains.set(month, chain);
    if (sequence <= chain.head.sequence || chain.waiting.has(sequence)) return entry.id;
    chain.waiting.set(sequence, entry);
    return this.follow(month, chain) ?? (chain.waiting.size > MAX_WAITING ? firstWaiting(chain) : undefined);
  }

  /** @returns the id of the first entry that does not fit, if anything is missing at the end */
  end(): string | undefined {
    for (const chain of this.chains.values()) {
      const waiting = firstWaiting(chain);
      if (waiting !== undefined) return waiting;
    }
    return this.held.find(({ month, sequence }) => sequence > (this.chains.get(month)?.head.sequence ?? 0))?.entryId;
  }

  private follow(month: Month, chain: Chain): string | undefined {
    for (;;) {
      const next = chain.waiting.get(chain.head.sequence + 1);
      if (next?.link == null) return undefined;
      const { link, ...entry } = next;
      const hash = hashOf(chain.head.hash, entry);
      const checkpoints = this.held.filter((one) => one.month === month && one.sequence === link.sequence);
      const fits = checkpoints.every((one) => one.hash === link.hash && isGenuine(one, this.key));
      if (hash.toString('hex') !== link.hash || !fits) return entry.id;
      chain.waiting.delete(link.sequence);
      chain.head = { sequence: link.sequence, hash };
      this.entries += 1;
    }
  }
}

function firstWaiting({ waiting }: Chain): string | undefined {
  const [first] = [...waiting.keys()].toSorted((a, b) => a - b);
  return first === undefined ? undefined : waiting.get(first)?.id;
}
