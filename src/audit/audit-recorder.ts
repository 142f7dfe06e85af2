import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { timeOfUuidV7, uuidV7 } from '#platform/database';
import { AuditedEvent, AuditedFailure, type AuditFacts, EventBus, type Transaction } from '#platform/events';
import { requestContext } from '#platform/request';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';
import { FoldedFailures } from './folded-failures.js';

const MAX_REASON_LENGTH = 500;

/** Writes audit entries. The entry of a change is written in the change's transaction, one of a refusal or a failure in none. */
@Injectable()
export class AuditRecorder implements OnApplicationBootstrap {
  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly folded: FoldedFailures,
    private readonly events: EventBus,
  ) {}

  /** After every other handler: one that vetoes costs no entry, and what follows from a change is recorded before it. */
  onApplicationBootstrap(): void {
    this.events.withinTransaction(AuditedEvent, async (event, transaction) => {
      // Failures change nothing and are published without a transaction.
      if (!(event instanceof AuditedFailure)) await this.record(event.facts, transaction);
    });
    this.events.afterCommit(AuditedFailure, async (failure) => {
      for (const one of failure.facts) await this.folded.record(this.entryOf(one), failure);
    });
  }

  /** @param transaction the change's; without one, the entries are written at once */
  async record(facts: readonly AuditFacts[], transaction?: Transaction): Promise<void> {
    const entries = facts.map((one) => this.entryOf(one));
    if (entries.length > 0) await this.entries.insert(entries, transaction?.db);
  }

  private entryOf(facts: AuditFacts): AuditEntry {
    const { action, outcome = 'success', target, changes, reason, actor, count = 1, request } = facts;
    const context = request ?? requestContext();
    const who = actor ?? requestContext()?.principal;
    const id = uuidV7();
    return {
      id,
      time: timeOfUuidV7(id).toISOString(),
      action,
      outcome,
      actor: {
        id: who?.userId ?? null,
        type: who !== undefined ? 'user' : context === undefined ? 'system' : 'anonymous',
        sessionId: who?.sessionId ?? null,
      },
      target: { type: target.type, id: target.id },
      ip: context?.ip ?? null,
      userAgent: context?.userAgent ?? null,
      requestId: context?.requestId ?? null,
      changes: changes ?? null,
      reason: reason?.slice(0, MAX_REASON_LENGTH).toWellFormed() ?? null,
      count,
    };
  }
}
