import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { AppConfig } from '#config';
import { TooManyRequestsError } from '#platform/errors';
import { EventBus } from '#platform/events';
import { requestContext } from '#platform/request';
import { DeviceTokens } from './device-tokens.js';
import { PasswordAttemptsThrottled } from './password-attempts.events.js';
import { type AttemptWindow, PasswordAttemptsRepository } from './password-attempts.repository.js';

/** What a password is tried on. */
export interface AttemptedAccount {
  /** The key under which failures count: the folded name from a login, or the user's id for a current password. */
  readonly name: string;
  /** `undefined` for an account that does not exist. */
  readonly userId: string | undefined;
  /** The account's `attemptsEpoch`, 0 for one that does not exist: the windows of an older one no longer count. */
  readonly epoch: number;
}

/**
 * Limits how often passwords are guessed. Wrong ones count by name and address, by name, and by address; those from a
 * device that the account's owner has logged in from count by device, so that an attacker cannot lock the owner out.
 */
@Injectable()
export class PasswordAttempts {
  private readonly key: Buffer;

  constructor(
    private readonly attempts: PasswordAttemptsRepository,
    private readonly devices: DeviceTokens,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'password attempts', 32));
  }

  /**
   * Runs `check` if there is room for another wrong password. The attempt holds a place until it is decided, so that no
   * more guesses are checked at once than may fail.
   *
   * @param check resolves to whether the password is right; an attempt that throws does not count
   * @param message of the refusal
   * @throws TooManyRequestsError
   */
  async attempt(account: AttemptedAccount, check: () => Promise<boolean>, message?: string): Promise<boolean> {
    const taken = await this.attempts.take(await this.windows(account), this.config.passwordAttempts.windowMs);
    if (typeof taken === 'number') {
      await this.events.publish(new PasswordAttemptsThrottled(account.userId ?? null));
      throw new TooManyRequestsError(taken, message);
    }
    let wrong = false;
    try {
      const right = await check();
      wrong = !right;
      return right;
    } finally {
      await this.attempts.settle(taken, wrong);
    }
  }

  private async windows({ name, userId, epoch }: AttemptedAccount): Promise<AttemptWindow[]> {
    const { max, accountMax, addressMax } = this.config.passwordAttempts;
    const address = normalizeIp(requestContext()?.ip ?? '');
    const since = epoch === 0 ? [] : [String(epoch)];
    const device = await this.devices.deviceOf(userId);
    if (device !== undefined) {
      return [this.window(max, 'device', device, ...since), this.window(null, 'address', address)];
    }
    return [
      this.window(max, 'pair', name, address, ...since),
      this.window(accountMax, 'name', name, ...since),
      this.window(addressMax, 'address', address),
    ];
  }

  /** The database holds no name as it was typed: it may be a password typed into the wrong field. */
  private window(max: number | null, ...counted: readonly string[]): AttemptWindow {
    return { key: createHmac('sha256', this.key).update(JSON.stringify(counted)).digest(), max };
  }
}
