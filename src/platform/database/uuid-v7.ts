import { randomUUID } from 'node:crypto';

const MAX_IN_A_MILLISECOND = 0xfff;
/** A clock that was wrong by more than this is not waited for. */
const MAX_BORROWED_MS = 5_000;

let lastMs = 0;
let inMs = 0;

/** A UUIDv7 (RFC 9562): its first 48 bits are the time, and those of this process sort in the order they were made. */
export function uuidV7(): string {
  const now = Date.now();
  if (now > lastMs || lastMs - now > MAX_BORROWED_MS) [lastMs, inMs] = [now, 0];
  // A clock that is set back, or more than 4,096 in a millisecond: they borrow from the time to come.
  else if (inMs === MAX_IN_A_MILLISECOND) [lastMs, inMs] = [lastMs + 1, 0];
  else inMs += 1;
  const time = lastMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${inMs.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
}

/** The least UUIDv7 of a time. */
export function firstUuidV7Of(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The time that a UUIDv7 was made at. */
export function timeOfUuidV7(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}
