import { Logger, type LoggerService } from '@nestjs/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Transaction } from '../../src/platform/events/index.js';
import { EventBus } from '../../src/platform/events/event-bus.js';

class Moved {
  constructor(readonly to: string) {}
}
class MovedFar extends Moved {}
class Stayed {
  readonly where = 'here';
}

/** No statement is run in it. */
const transaction = {} as Transaction;

describe('The event bus', () => {
  let bus: EventBus;
  let heard: string[];
  const errors: unknown[][] = [];
  const recorder = { log() {}, warn() {}, error: (...line: unknown[]) => void errors.push(line) } as LoggerService;
  beforeEach(() => {
    Logger.overrideLogger(recorder);
    errors.length = 0;
    heard = [];
    bus = new EventBus();
  });

  const hear = (name: string) => async (event: Moved) => void heard.push(`${name}:${event.to}`);

  it("runs the handlers of the event's class in the order of their subscription, and no others", async () => {
    bus.withinTransaction(Moved, hear('first'));
    bus.withinTransaction(Stayed, async () => void heard.push('stayed'));
    bus.withinTransaction(Moved, hear('second'));
    bus.afterCommit(Moved, hear('after'));
    await bus.publishWithin(transaction, new Moved('here'));
    expect(heard).toEqual(['first:here', 'second:here']);
    await bus.publish(new Moved('there'));
    expect(heard).toEqual(['first:here', 'second:here', 'after:there']);
  });

  it('runs the handlers of a class for its subclasses too, but not the other way round', async () => {
    bus.withinTransaction(Moved, hear('any'));
    bus.withinTransaction(MovedFar, hear('far'));
    await bus.publishWithin(transaction, new MovedFar('away'));
    await bus.publishWithin(transaction, new Moved('near'));
    expect(heard).toEqual(['any:away', 'far:away', 'any:near']);
  });

  it('passes the transaction to the handlers within it', async () => {
    bus.withinTransaction(Moved, async (_, given) => {
      expect(given).toBe(transaction);
    });
    await bus.publishWithin(transaction, new Moved('here'));
    expect.assertions(1);
  });

  it('lets a handler veto the transaction: its error is thrown on, and the next handler does not run', async () => {
    bus.withinTransaction(Moved, async () => {
      throw new Error('never');
    });
    bus.withinTransaction(Moved, hear('late'));
    await expect(bus.publishWithin(transaction, new Moved('here'))).rejects.toThrow('never');
    expect(heard).toEqual([]);
  });

  it('waits for each handler before it runs the next', async () => {
    bus.afterCommit(Moved, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      heard.push('slow');
    });
    bus.afterCommit(Moved, hear('fast'));
    await bus.publish(new Moved('here'));
    expect(heard).toEqual(['slow', 'fast:here']);
  });

  it('logs the error of a handler after the commit and runs the next one, as the change stands', async () => {
    const error = new Error('no');
    bus.afterCommit(Moved, async () => {
      throw error;
    });
    bus.afterCommit(Moved, hear('next'));
    await bus.publish(new MovedFar('here'));
    expect(heard).toEqual(['next:here']);
    expect(errors).toEqual([['An afterCommit handler of MovedFar failed', error, EventBus.name]]);
  });
});
