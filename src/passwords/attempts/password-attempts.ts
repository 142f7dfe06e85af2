import { Injectable } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { isUUID } from 'class-validator';
import { AppConfig } from '#config';
import { TooManyRequestsError } from '#platform/errors';
import { EventBus } from '#platform/events';
import { requestContext } from '#platform/request';
import { DeviceTokens } from './device-tokens.js';
import { type Limit, Limiter, type Outcome } from '#platform/limits';
import { PasswordAttemptsThrottled } from './password-attempts.events.js';

/** When somebody else's attempt is decided, there may be room: in a second, at the latest. */
const UNDECIDED_RETRY_SECONDS = 1;

/**
 * Bounds how often passwords are guessed: wrong ones count by account and address, by account, and by address; those from
 * a device that the account's owner has logged in from, by that device alone, so that nobody locks the owner out.
 */
@Injectable()
export class PasswordAttempts {
  constructor(
    private readonly limiter: Limiter,
    private readonly devices: DeviceTokens,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {}

  /**
   * Lets `check` run if there is room for another wrong password. It holds a place until it is decided, so that of any
   * number of guesses at once no more are checked than may fail.
   *
   * @param account the id of a user, or another name for an account that does not exist
   * @param check whether the password is right; what throws was no attempt
   * @param message of the refusal
   * @throws TooManyRequestsError
   */
  async decide(account: string, check: () => Promise<boolean>, message?: string): Promise<boolean> {
    const reserved = await this.limiter.reserve(this.limits(account));
    if (!reserved.taken) {
      await this.events.occurred(new PasswordAttemptsThrottled(isUUID(account) ? account : null, account));
      throw new TooManyRequestsError(retryAfter(reserved), message);
    }
    let wrong = false;
    try {
      const right = await check();
      wrong = !right;
      return right;
    } finally {
      await this.limiter.settle(reserved, wrong);
    }
  }

  private limits(account: string): Limit[] {
    const { max, accountMax, addressMax, windowMs } = this.config.passwordAttempts;
    const device = this.devices.deviceOf(account);
    if (device !== undefined) return [{ key: `password:device:${device}`, max, windowMs }];
    const address = normalizeIp(requestContext()?.ip ?? '');
    return [
      { key: `password:pair:${account}:${address}`, max, windowMs },
      { key: `password:account:${account}`, max: accountMax, windowMs },
      { key: `password:address:${address}`, max: addressMax, windowMs },
    ];
  }
}

function retryAfter({ standings }: Outcome): number {
  const full = standings.filter(({ room }) => !room);
  const waits = full.map(({ open, endsInMs }) => (open > 0 ? UNDECIDED_RETRY_SECONDS : Math.ceil(endsInMs / 1_000)));
  return Math.max(1, ...waits);
}
