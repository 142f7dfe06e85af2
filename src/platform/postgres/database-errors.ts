import type { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { PrismaClientInitializationError, PrismaClientKnownRequestError } from '@prisma/client/runtime/client';

/** Prisma: unreachable, timed out, closed, pool or transaction time-out, write conflict, too many connections. */
const UNAVAILABLE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
const UNAVAILABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'TlsConnectionError',
  'SocketTimeout',
  'TooManyConnections',
  'TransactionWriteConflict',
]);
/** PostgreSQL: too many connections (53), statement or lock time-out, serialization failure, deadlock. */
const BUSY_SQLSTATE = /^(53|57014|55P03|40001|40P01)/;
/**
 * PostgreSQL: connection exceptions (08), read-only, a login or a grant that is refused (28, 42501), no such database
 * (3D000), full disk or memory, shutting down or starting up (57P0x). Only an operator, or time, mends these.
 */
const FAULT_SQLSTATE = /^(08|25006|28|3D000|42501|53100|53200|57P0)/;
const LOST_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'TlsConnectionError']);
const LOST_MESSAGE =
  /Connection terminated unexpectedly|Client has encountered a connection error|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|connect ENOENT/;
const SLOW_MESSAGE = /timeout exceeded when trying to connect|Connection terminated|Query read timeout|ETIMEDOUT/;

/** A fault of the database that makes every request fail, not one alone. */
export interface DatabaseFault {
  /** A SQLSTATE, `lost` or `silent`. */
  readonly code: string;
  /** For the operator; it may name a role, a database or a table. */
  readonly reason: string;
}

/** The database has not answered, and a probe found that it answers nothing. */
export class DatabaseSilentError extends Error {
  // Prisma passes on only errors that look like those of a driver.
  override readonly name = 'DriverAdapterError';
  override readonly cause = { kind: 'DatabaseNotReachable' };

  constructor() {
    super('The database does not answer');
  }
}

/** What an error says of the database; `undefined` where it concerns one statement, or passes by itself. */
export function faultOf(error: unknown): DatabaseFault | undefined {
  for (const cause of causesOf(error)) {
    if (isDriverAdapterError(cause)) {
      const { kind, originalCode = '', originalMessage = kind } = cause.cause;
      if (FAULT_SQLSTATE.test(originalCode)) return { code: originalCode, reason: originalMessage };
      if (LOST_KINDS.has(kind)) return { code: 'lost', reason: 'it is out of reach' };
    } else if (cause instanceof Error) {
      const code = codeOf(cause);
      if ('severity' in cause && FAULT_SQLSTATE.test(code)) return { code, reason: cause.message };
      if (LOST_MESSAGE.test(`${code} ${cause.message}`)) return { code: 'lost', reason: 'it is out of reach' };
    }
  }
  return undefined;
}

export function isDatabaseFault(error: unknown): boolean {
  return faultOf(error) !== undefined;
}

/** Whether an error says that the database is away or too busy, rather than that a statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    if (cause instanceof PrismaClientInitializationError) return true;
    if (cause instanceof PrismaClientKnownRequestError && UNAVAILABLE_CODES.has(cause.code)) return true;
    if (isDriverAdapterError(cause)) {
      const { kind, originalCode = '' } = cause.cause;
      if (UNAVAILABLE_KINDS.has(kind) || isUnavailableState(originalCode)) return true;
    }
    if (!(cause instanceof Error)) return false;
    const code = codeOf(cause);
    const text = `${code} ${cause.message}`;
    return isUnavailableState(code) || LOST_MESSAGE.test(text) || SLOW_MESSAGE.test(text);
  });
}

function isUnavailableState(sqlState: string): boolean {
  return BUSY_SQLSTATE.test(sqlState) || FAULT_SQLSTATE.test(sqlState);
}

/** The error, what caused it, and what Prisma keeps of the driver's error in `meta`. */
export function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && chain.length < 10) {
    const next = waiting.shift();
    if (!(next instanceof Error)) continue;
    chain.push(next);
    waiting.push(next.cause);
    if (next instanceof PrismaClientKnownRequestError) waiting.push(next.meta?.['driverAdapterError']);
  }
  return chain;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export function isDriverAdapterError(error: unknown): error is DriverAdapterError {
  return error instanceof Error && error.name === 'DriverAdapterError' && typeof error.cause === 'object';
}
