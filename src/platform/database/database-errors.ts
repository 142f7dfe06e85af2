import type { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { Prisma } from './generated/client.js';

/** Prisma: unreachable, timed out, closed, pool or transaction time-out, write conflict, too many connections. */
const UNAVAILABLE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
const UNAVAILABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TransactionWriteConflict',
]);
/**
 * PostgreSQL: connection exceptions (08), insufficient resources (53), shutting down or starting up (57P0x), statement
 * or lock time-out (57014, 55P03), serialization failure or deadlock (40001, 40P01).
 */
const UNAVAILABLE_SQLSTATE = /^(08|53|57P0|57014|55P03|40001|40P01)/;
const UNAVAILABLE_MESSAGE =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/;

/** Whether an error says that the database is away or too busy, rather than that a statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return causes(error).some((cause) => {
    if (cause instanceof Prisma.PrismaClientInitializationError) return true;
    if (cause instanceof Prisma.PrismaClientKnownRequestError && UNAVAILABLE_CODES.has(cause.code)) return true;
    if (isDriverAdapterError(cause)) {
      const { kind, originalCode = '' } = cause.cause;
      if (UNAVAILABLE_KINDS.has(kind) || UNAVAILABLE_SQLSTATE.test(originalCode)) return true;
    }
    if (!(cause instanceof Error)) return false;
    const code = codeOf(cause);
    return UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_MESSAGE.test(`${code} ${cause.message}`);
  });
}

/** The names of the index and of the columns of a refused duplicate; empty when the error is another one. */
export function uniqueViolation(error: unknown): readonly string[] {
  for (const cause of causes(error)) {
    if (isDriverAdapterError(cause) && cause.cause.kind === 'UniqueConstraintViolation') {
      const { constraint } = cause.cause;
      if (constraint === undefined) return ['unknown'];
      if ('index' in constraint) return [constraint.index];
      return 'fields' in constraint ? constraint.fields : ['unknown'];
    }
  }
  return [];
}

/** The error, what caused it, and what Prisma keeps of the driver's error in `meta`. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && chain.length < 10) {
    const next = waiting.shift();
    if (!(next instanceof Error)) continue;
    chain.push(next);
    waiting.push(next.cause);
    if (next instanceof Prisma.PrismaClientKnownRequestError) waiting.push(next.meta?.['driverAdapterError']);
  }
  return chain;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isDriverAdapterError(error: unknown): error is DriverAdapterError {
  return error instanceof Error && error.name === 'DriverAdapterError' && typeof error.cause === 'object';
}
