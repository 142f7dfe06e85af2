import { createSecretKey, hkdfSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '#config';
import type { Prisma } from '#platform/database';
import { isUuid, requestContext } from '#platform/request';
import { DevicesRepository } from './devices.repository.js';

const TYPE = 'device+jwt';
const ALGORITHM = 'HS256';
const LIFETIME_SECONDS = 365 * 24 * 60 * 60;
/** Each costs a signature check, so no more than this are read. */
const MAX_DEVICE_TOKENS = 2;
/** No user has it. */
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Proves that a user has logged in from a browser or an app before (OWASP, Slow Down Online Guessing Attacks with Device
 * Cookies). A device token grants no access: it selects the counter of that user's failures.
 */
@Injectable()
export class DeviceTokens {
  private readonly jwt: JwtService;

  constructor(
    private readonly devices: DevicesRepository,
    private readonly config: AppConfig,
  ) {
    const key = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'device token', 32));
    this.jwt = new JwtService({ secret: createSecretKey(key) });
  }

  /** For a user who has just logged in, and is locked. A device that is already known as theirs keeps its id. */
  async issue(
    userId: string,
    db: Prisma.TransactionClient,
  ): Promise<{ readonly token: string; readonly isNew: boolean }> {
    const { id: jti, isNew } = await this.devices.recordLogin(this.sentIds(), userId, db);
    const header = { alg: ALGORITHM, typ: TYPE };
    return { token: this.jwt.sign({ sub: userId, jti }, { header, expiresIn: LIFETIME_SECONDS }), isNew };
  }

  /**
   * The id of the device that sent this request, if the user has logged in from it since the latest new password. What it
   * costs depends on the tokens alone, so that the time of an answer does not tell known names from unknown ones.
   *
   * @param userId `undefined` for an account that does not exist
   */
  async deviceOf(userId: string | undefined): Promise<string | undefined> {
    const ids = this.sentIds();
    return ids.length === 0 ? undefined : this.devices.find(ids, userId ?? NIL_UUID);
  }

  /** Ends every device of a user: its token then counts as none. */
  async endAllOf(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await this.devices.removeAllOf(userId, db);
  }

  /** What the request's tokens say. Whether such devices still exist and whose they are, the database knows. */
  private sentIds(): string[] {
    const tokens = sentTokens(requestContext()?.headers ?? {}, cookieName(this.config));
    return tokens.map((token) => this.read(token)).filter((id) => id !== undefined);
  }

  private read(token: string): string | undefined {
    try {
      const { header, payload } = this.jwt.verify<{ header: { typ?: string }; payload: { jti: string } }>(token, {
        algorithms: [ALGORITHM],
        complete: true,
      });
      return header.typ === TYPE && isUuid(payload.jti) ? payload.jti : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The two ways in which a client gets a device token and may send it back. */
export function deviceTokenHeaders(
  token: string,
  config: AppConfig,
): Readonly<Record<'set-cookie' | 'x-device-token', string>> {
  const attributes = [`Max-Age=${LIFETIME_SECONDS}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  const secure = config.production ? ['Secure'] : [];
  return {
    'set-cookie': [`${cookieName(config)}=${token}`, ...attributes, ...secure].join('; '),
    'x-device-token': token,
  };
}

export const DEVICE_TOKEN_HEADERS = {
  'X-Device-Token': {
    description:
      'Sent back in the same header or as the cookie, it keeps others from locking this user out of this device.',
    schema: { type: 'string' as const },
  },
  'Set-Cookie': {
    description:
      'The same, as the cookie `__Host-device`, or `device` in development; and the refresh token as the cookie ' +
      '`__Host-refresh`, or `refresh`, where the client asked for it.',
    schema: { type: 'string' as const },
  },
};

/** Browsers take a `__Host-` cookie from this very host alone (RFC 6265bis, section 4.1.3.2), and only over TLS. */
function cookieName({ production }: AppConfig): string {
  return production ? '__Host-device' : 'device';
}

function sentTokens(
  { cookie = '', 'x-device-token': header = [] }: IncomingHttpHeaders,
  name: string,
): readonly string[] {
  const pairs = cookie.split(';').map((pair) => pair.trimStart());
  const cookies = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  return [...[header].flat(), ...cookies].slice(0, MAX_DEVICE_TOKENS);
}
