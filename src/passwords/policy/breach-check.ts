import { createHash } from 'node:crypto';
import { isNativeError } from 'node:util/types';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#config';
import { HashGate } from '../hashing/hash-gate.js';

/** The longest (ms) that the check of a new password waits for the breach service. */
const TIMEOUT_MS = 1_000;
const PREFIX_LENGTH = 5;

/**
 * Asks Have I Been Pwned, or a mirror of it, whether a password is among the breached ones (its API v3, "Searching by
 * range"). Only the first 20 bits of the password's SHA-1 leave the process, and about 800 breached passwords share
 * them. The answer is padded, so that its length tells an eavesdropper nothing.
 */
@Injectable()
export class BreachCheck {
  private readonly logger = new Logger('Passwords');

  constructor(
    private readonly config: AppConfig,
    private readonly gate: HashGate,
  ) {}

  /** @returns `false` also where the check is off or gets no answer in time: an outage there must not stop registrations */
  async has(password: string): Promise<boolean> {
    const { breachUrl } = this.config;
    if (breachUrl === undefined) return false;
    this.gate.stepAside();
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
    try {
      const range = await fetchRange(`${breachUrl}/range/${digest.slice(0, PREFIX_LENGTH)}`);
      return lists(range, digest.slice(PREFIX_LENGTH));
    } catch (error) {
      this.logger.warn(`A new password was not looked up among breached ones: ${reason(error)}`);
      return false;
    }
  }
}

async function fetchRange(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { 'add-padding': 'true', 'user-agent': 'user-management-api' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the answer was ${response.status}`);
  return text;
}

/** Lines of `<rest of a digest>:<how often it was seen>`. A padding line has the number 0. */
function lists(range: string, suffix: string): boolean {
  const line = range.split(/\r?\n/).find((entry) => entry.toUpperCase().startsWith(`${suffix}:`));
  return line !== undefined && Number(line.slice(suffix.length + 1)) > 0;
}

/** With the cause: the message of a failed fetch says only that it failed. */
function reason(error: unknown): string {
  const causes = isNativeError(error) && isNativeError(error.cause) ? [error, error.cause] : [error];
  return causes.map(String).join(', ');
}
