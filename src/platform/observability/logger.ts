import type { LoggerService, LogLevel } from '@nestjs/common';
import { type Logger as Pino, pino } from 'pino';
import type { AppConfig } from '#config';
import { requestContext } from '#platform/request';
import { standardOutput } from './standard-output.js';

export interface Loggers {
  /** Writes each line at once. */
  readonly logger: Pino;
  /** For the line of each request, which names it itself. Lines are gathered for 50 ms, as each write is a system call. */
  readonly requests: Pino;
}

/** The process's loggers. A line holds only the fields named here and in the calls, never a whole request. */
export async function createLoggers({ log }: Pick<AppConfig, 'log'>): Promise<Loggers> {
  const format = log.format === 'pretty' ? await prettyFormat() : (line: string) => line;
  const options = {
    level: log.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  let lost = 0;
  const countLost = (kept: boolean) => {
    if (!kept) lost += 1;
    else if (lost > 0) {
      const count = lost;
      lost = 0;
      logger.warn(`${count} log lines were lost, as standard output took nothing`);
    }
  };
  const logger = pino(
    { ...options, mixin: idOfRequest },
    { write: (line: string) => countLost(standardOutput.write(format(line))) },
  );
  const requests = pino(options, { write: (line: string) => countLost(standardOutput.gather(format(line))) });
  return { logger, requests };
}

function idOfRequest(): object {
  const context = requestContext();
  return context === undefined ? {} : { requestId: context.requestId };
}

/** Loaded where it is used: production does without it. */
async function prettyFormat(): Promise<(line: string) => string> {
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
}

/** Nest logs a line for each module and each route at start. These lines are logged at the level debug. */
const START_UP_CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Nest's own lines, and those of `new Logger(context)`, through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(START_UP_CHATTER.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest also throws the error of a failed start, and main.ts prints it in one line.
    if (rest.at(-1) === 'ExceptionHandler') return;
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  setLogLevels(_levels: LogLevel[]): void {}

  /** Nest passes the context as the last argument and an error before it. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const error = [message, ...rest].find((value) => value instanceof Error);
    this.logger[level](
      { ...(context === undefined ? {} : { context }), ...(error === undefined ? {} : { err: error }) },
      message instanceof Error ? message.message : String(message),
    );
  }
}

/** Logs an error's message and stack, but not its other properties, which may hold what a client sent. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: 'not an Error' };
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { name, message, ...code, stack, ...(cause instanceof Error ? { cause: describeError(cause) } : {}) };
}
