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

  it('tells who asked for it of what is settled, which is not to say committed', async () => {
    bus.onSettled(Moved, hear('settled'));
    bus.onCommit(Moved, hear('committed'));
    await bus.deliverSettled([new Moved('here'), new MovedFar('there')]);
    expect(heard).toEqual(['settled:here', 'settled:there']);
  });

  const hear = (name: string) => async (event: Moved) => void heard.push(`${name}:${event.to}`);

  it('tells who subscribed to the class of the event, in their order, and nobody else', async () => {
    bus.onTransaction(Moved, hear('first'));
    bus.onTransaction(Stayed, async () => void heard.push('stayed'));
    bus.onTransaction(Moved, hear('second'));
    bus.onCommit(Moved, hear('after'));
    await bus.deliverInTransaction(new Moved('here'), transaction);
    expect(heard).toEqual(['first:here', 'second:here']);
    await bus.deliverAfterCommit([new Moved('there')]);
    expect(heard).toEqual(['first:here', 'second:here', 'after:there']);
  });

  it('tells of a subclass too, but not of the class above', async () => {
    bus.onTransaction(Moved, hear('any'));
    bus.onTransaction(MovedFar, hear('far'));
    await bus.deliverInTransaction(new MovedFar('away'), transaction);
    await bus.deliverInTransaction(new Moved('near'), transaction);
    expect(heard).toEqual(['any:away', 'far:away', 'any:near']);
  });

  it('hands on the transaction', async () => {
    bus.onTransaction(Moved, async (_, given) => {
      expect(given).toBe(transaction);
    });
    await bus.deliverInTransaction(new Moved('here'), transaction);
    expect.assertions(1);
  });

  it('lets a handler in the transaction veto it: the error goes on, and the next handler is not asked', async () => {
    bus.onTransaction(Moved, async () => {
      throw new Error('never');
    });
    bus.onTransaction(Moved, hear('late'));
    await expect(bus.deliverInTransaction(new Moved('here'), transaction)).rejects.toThrow('never');
    expect(heard).toEqual([]);
  });

  it('waits for each handler before it asks the next', async () => {
    bus.onCommit(Moved, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      heard.push('slow');
    });
    bus.onCommit(Moved, hear('fast'));
    await bus.deliverAfterCommit([new Moved('here')]);
    expect(heard).toEqual(['slow', 'fast:here']);
  });

  it('logs the error of a handler after the commit, and goes on: the change stands', async () => {
    const error = new Error('no');
    bus.onCommit(Moved, async () => {
      throw error;
    });
    bus.onCommit(Moved, hear('next'));
    await bus.deliverAfterCommit([new MovedFar('here')]);
    expect(heard).toEqual(['next:here']);
    expect(errors).toEqual([['A handler of MovedFar failed after the commit', error, EventBus.name]]);
  });
});
