import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { ValidationError } from '#platform/errors';
import { requestContext } from '#platform/request';

const DELIVERY_HEADER = 'X-Refresh-Token-Delivery';

/**
 * The refresh token of a browser session, in a cookie that scripts cannot read. A browser sends it with requests that other
 * sites cause, too. So it counts only with a header that other sites cannot set, and from an allowed origin
 * (OWASP, Cross-Site Request Forgery Prevention, "Custom Request Headers" and "Verifying Origin").
 */
@Injectable()
export class RefreshCookie {
  private readonly name: string;

  constructor(private readonly config: AppConfig) {
    // Browsers take a `__Host-` cookie from this very host alone (RFC 6265bis, section 4.1.3.2), and only over TLS.
    this.name = config.production ? '__Host-refresh' : 'refresh';
  }

  /**
   * Whether the client of this request wants its refresh token in the cookie.
   *
   * @throws ValidationError for another delivery
   */
  isWanted(): boolean {
    const wanted = this.headers()[DELIVERY_HEADER.toLowerCase()];
    if (wanted !== undefined && wanted !== 'cookie') {
      throw ValidationError.ofField(DELIVERY_HEADER, 'not_allowed', `${DELIVERY_HEADER} must be: cookie`);
    }
    return wanted === 'cookie';
  }

  /** The token that this request's cookie holds; `undefined` also where the cookie may come from another site's page. */
  token(): string | undefined {
    const headers = this.headers();
    const requestedWith = headers['x-requested-with'];
    if (requestedWith === undefined || requestedWith === '' || !this.isFromOurPages(headers)) return undefined;
    return this.sent(headers);
  }

  /** @param maxAge seconds */
  set(token: string, maxAge: number): string {
    const { production, cookieSameSite } = this.config;
    const attributes = [`Max-Age=${maxAge}`, 'Path=/', 'HttpOnly', `SameSite=${cookieSameSite}`];
    return [`${this.name}=${token}`, ...attributes, ...(production ? ['Secure'] : [])].join('; ');
  }

  /** Clears the cookie; `undefined` where this request has none. */
  cleared(): string | undefined {
    return this.sent(this.headers()) === undefined ? undefined : this.set('', 0);
  }

  private isFromOurPages({ origin, host }: IncomingHttpHeaders): boolean {
    if (origin === undefined) return true;
    const { publicUrl, corsOrigins } = this.config;
    if (corsOrigins.includes(origin)) return true;
    // Which scheme a proxy took off, only PUBLIC_URL says.
    if (publicUrl !== undefined) return new URL(publicUrl).origin === origin;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  private sent({ cookie = '' }: IncomingHttpHeaders): string | undefined {
    const start = `${this.name}=`;
    const pair = cookie.split(';').find((one) => one.trimStart().startsWith(start));
    return pair?.trimStart().slice(start.length).trimEnd() || undefined;
  }

  private headers(): Readonly<IncomingHttpHeaders> {
    return requestContext()?.headers ?? {};
  }
}

/** How the API description shows the cookie that an answer may set. */
export const REFRESH_COOKIE_HEADER = {
  'Set-Cookie': {
    description:
      'The refresh token as the cookie `__Host-refresh` (`refresh` in development), where the client asked for it with ' +
      '`X-Refresh-Token-Delivery: cookie` or sent the last one in it.',
    schema: { type: 'string' as const },
  },
};
