import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '#platform/events';
import { DeviceTokens } from '#passwords';
import { UserDeleted, UserPasswordChanged, UserPasswordReset } from './users.events.js';

/** Ends the devices of an account that gets a new password, which a stolen one may have hoarded, or is deleted. */
@Injectable()
export class KnownDevicesService implements OnModuleInit {
  constructor(
    private readonly devices: DeviceTokens,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(UserPasswordChanged, ({ userId }, { db }) => this.devices.endAllOf(userId, db));
    this.events.withinTransaction(UserPasswordReset, ({ user }, { db }) => this.devices.endAllOf(user.id, db));
    this.events.withinTransaction(UserDeleted, ({ before }, { db }) => this.devices.endAllOf(before.id, db));
  }
}
