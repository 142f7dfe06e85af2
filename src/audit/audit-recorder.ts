import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AuditActions,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  EventBus,
  type Transaction,
} from '#platform/events';
import { timeOfUuidV7, uuidV7 } from './uuid-v7.js';
import { requestContext } from '#platform/request';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';
import { FoldedFailures } from './folded-failures.js';

const MAX_REASON_LENGTH = 500;
const MAX_USER_AGENT_LENGTH = 512;

/** Writes entries: those of a change in its transaction, those of refusals and failures by themselves. */
@Injectable()
export class AuditRecorder implements OnModuleInit {
  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly folded: FoldedFailures,
    private readonly actions: AuditActions,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.onTransaction(AuditedEvent, async (event, transaction) => {
      // A failure is recorded once, whether or not there is a transaction that it could be lost with.
      if (!(event instanceof AuditedFailure)) await this.record(event.audited(), transaction);
    });
    this.events.onCommit(AuditedFailure, async (event) => {
      for (const facts of event.audited()) await this.folded.record(this.entryOf(facts), event.repeated);
    });
  }

  /** @param transaction that of the change; without one, the entries are written at once */
  async record(facts: readonly AuditFacts[], transaction?: Transaction): Promise<void> {
    if (facts.length > 0)
      await this.entries.insert(
        facts.map((one) => this.entryOf(one)),
        transaction?.db,
      );
  }

  private entryOf({ action, outcome = 'success', target, changes, reason, actor }: AuditFacts): AuditEntry {
    if (!this.actions.has(action)) throw new Error(`The audit action ${action} has not been declared`);
    const context = requestContext();
    const who = actor ?? context?.principal;
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
      userAgent: context?.userAgent?.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed() ?? null,
      requestId: context?.requestId ?? null,
      changes: changes ?? null,
      reason: reason?.slice(0, MAX_REASON_LENGTH).toWellFormed() ?? null,
      count: 1,
    };
  }
}
