import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { firstUuidV7Of, timeOfUuidV7, uuidV7 } from '../../src/platform/database/uuid-v7.js';

describe('A UUIDv7', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('has version 7 and variant 10, and contains the time it was made', () => {
    const before = Date.now();
    const id = uuidV7();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = timeOfUuidV7(id).getTime();
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made - before).toBeLessThan(1_000);
    expect(firstUuidV7Of(new Date(made)) < id).toBe(true);
  });

  it('sorts after all earlier UUIDs, even among 10,000 at once or when the clock is set back a second', () => {
    const ids = Array.from({ length: 10_000 }, uuidV7);
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now - 1_000);
    ids.push(uuidV7(), uuidV7());
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('follows the clock again after it was wrongly a year ahead', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 365 * 86_400_000);
    uuidV7();
    clock.mockReturnValue(now);
    expect(timeOfUuidV7(uuidV7()).getTime()).toBe(now);
  });
});
