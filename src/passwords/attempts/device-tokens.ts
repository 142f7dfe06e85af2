import { createSecretKey, hkdfSync, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '#config';
import { requestContext } from '#platform/request';

const TYPE = 'device+jwt';
const ALGORITHM = 'HS256';
const LIFETIME_SECONDS = 365 * 24 * 60 * 60;
/** Each costs a signature check, so no more than this are read. */
const MAX_DEVICE_TOKENS = 2;

/**
 * Proves that a user has logged in from a browser or an app before (OWASP, Slow Down Online Guessing Attacks with Device
 * Cookies). A device token grants no access: it selects the counter of that user's failures.
 */
@Injectable()
export class DeviceTokens {
  private readonly jwt: JwtService;

  constructor({ tokens }: AppConfig) {
    const key = Buffer.from(hkdfSync('sha256', tokens.refreshSecret, '', 'device token', 32));
    this.jwt = new JwtService({ secret: createSecretKey(key) });
  }

  /** For a user who has just logged in. A device that is already known as theirs keeps its id. */
  issue(userId: string): string {
    return this.jwt.sign(
      { sub: userId, jti: this.deviceOf(userId) ?? randomUUID() },
      { header: { alg: ALGORITHM, typ: TYPE }, expiresIn: LIFETIME_SECONDS },
    );
  }

  /** The id of the device that sent this request, if the user has logged in from it before. */
  deviceOf(userId: string): string | undefined {
    for (const token of sentTokens(requestContext()?.headers ?? {})) {
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

/** The two ways in which a client gets a device token and may send it back. */
export function deviceTokenHeaders(token: string, { production }: AppConfig): Record<string, string> {
  const attributes = [`Max-Age=${LIFETIME_SECONDS}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  return {
    'set-cookie': [`device=${token}`, ...attributes, ...(production ? ['Secure'] : [])].join('; '),
    'x-device-token': token,
  };
}

export const DEVICE_TOKEN_HEADERS = {
  'X-Device-Token': {
    description:
      'Sent back in the same header or as the cookie, it keeps others from locking this user out of this device.',
    schema: { type: 'string' as const },
  },
  'Set-Cookie': { description: 'The same, as the cookie `device`.', schema: { type: 'string' as const } },
};

function sentTokens({ cookie = '', 'x-device-token': header = [] }: IncomingHttpHeaders): readonly string[] {
  const cookies = [...cookie.matchAll(/(?:^|;) *device=([^;]*)/g)].map(([, value = '']) => value);
  return [...[header].flat(), ...cookies].slice(0, MAX_DEVICE_TOKENS);
}
