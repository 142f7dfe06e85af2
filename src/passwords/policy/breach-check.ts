import { createHash } from 'node:crypto';
import { isNativeError } from 'node:util/types';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#config';

/** A new password waits no longer than this, in milliseconds. */
const TIMEOUT_MS = 1_000;
const PREFIX_LENGTH = 5;

/**
 * Asks Have I Been Pwned, or a mirror of it, whether a password is among the breached ones (its API v3, "Searching by
 * range"). Of the password only the first 20 bits of its SHA-1 leave the process, in the company of some 800 others;
 * the answer is padded, so that its length tells an eavesdropper nothing.
 */
@Injectable()
export class BreachCheck {
  private readonly logger = new Logger('Passwords');

  constructor(private readonly config: AppConfig) {}

  /** @returns `false` also where nobody is asked, or nobody answers in time: an outage elsewhere keeps no one out */
  async has(password: string): Promise<boolean> {
    const { breachUrl } = this.config;
    if (breachUrl === undefined) return false;
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

/** Lines of `<rest of a digest>:<how often it was seen>`. What is there for padding was seen no time. */
function lists(range: string, suffix: string): boolean {
  const line = range.split(/\r?\n/).find((entry) => entry.toUpperCase().startsWith(`${suffix}:`));
  return line !== undefined && Number(line.slice(suffix.length + 1)) > 0;
}

/** The cause too: of a failed fetch it is all that tells anything. */
function reason(error: unknown): string {
  const causes = isNativeError(error) && isNativeError(error.cause) ? [error, error.cause] : [error];
  return causes.map(String).join(', ');
}
