import { createSecretKey, hkdfSync, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '#config';
import { requestContext } from '#platform/request';

const TYPE = 'device+jwt';
const ALGORITHM = 'HS256';
const LIFETIME_SECONDS = 365 * 24 * 60 * 60;

/**
 * Says of a browser or an app that a user has logged in from it before (OWASP, Slow Down Online Guessing Attacks with
 * Device Cookies). It opens nothing: its user's failures are counted by it, and nobody else's.
 */
@Injectable()
export class DeviceTokens {
  private readonly jwt: JwtService;

  constructor({ tokens }: AppConfig) {
    const key = Buffer.from(hkdfSync('sha256', tokens.refreshSecret, '', 'device token', 32));
    this.jwt = new JwtService({ secret: createSecretKey(key) });
  }

  /** For a user who has just logged in. The device of this request keeps its name if it is known to be theirs. */
  issue(userId: string): string {
    return this.jwt.sign(
      { sub: userId, jti: this.deviceOf(userId) ?? randomUUID() },
      { header: { alg: ALGORITHM, typ: TYPE }, expiresIn: LIFETIME_SECONDS },
    );
  }

  /** The name of the device of this request, if it says that this user has logged in from it. */
  deviceOf(userId: string): string | undefined {
    for (const token of requestContext()?.deviceTokens ?? []) {
      const device = this.read(token, userId);
      if (device !== undefined) return device;
    }
    return undefined;
  }

  private read(token: string, userId: string): string | undefined {
    try {
      const { header, payload } = this.jwt.verify<{ header: { typ?: string }; payload: { jti: string } }>(token, {
        algorithms: [ALGORITHM],
        subject: userId,
        complete: true,
      });
      return header.typ === TYPE ? payload.jti : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The two ways in which a client gets a device token, and may send it back. */
export function deviceTokenHeaders(token: string, { production }: AppConfig): Record<string, string> {
  const attributes = [`Max-Age=${LIFETIME_SECONDS}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  return {
    'set-cookie': [`device=${token}`, ...attributes, ...(production ? ['Secure'] : [])].join('; '),
    'x-device-token': token,
  };
}
