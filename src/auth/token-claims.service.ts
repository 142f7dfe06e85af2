import { Injectable, Logger } from '@nestjs/common';
import { inTime } from '#platform/background';
import { Extensions } from '#platform/extensions';
import { type User, UsersService } from '#users';

/** The most that all claims of extensions take in one token, in bytes of JSON: a token travels with every request. */
const MAX_BYTES = 1_024;
/** How long (ms) a login or a refresh waits for them. */
const TIME_LIMIT_MS = 1_000;

const NONE = {};

/** The claims that extensions add to access tokens. One that fails is left out: the login goes ahead. */
@Injectable()
export class TokenClaimsService {
  private readonly logger = new Logger(TokenClaimsService.name);

  constructor(
    private readonly extensions: Extensions,
    private readonly users: UsersService,
  ) {}

  async ofUser(id: string): Promise<Readonly<Record<string, unknown>>> {
    return this.extensions.claims.size === 0 ? NONE : this.of(await this.users.get(id));
  }

  async of(user: User): Promise<Readonly<Record<string, unknown>>> {
    if (this.extensions.claims.size === 0) return NONE;
    const found = await Promise.all(
      [...this.extensions.claims].map(
        async ([name, claim]) => [name, await this.value(name, () => claim(user))] as const,
      ),
    );
    return this.fitting(found.filter(([, value]) => value !== undefined));
  }

  /** @returns its JSON, or `undefined` */
  private async value(name: string, claim: () => unknown): Promise<string | undefined> {
    try {
      const late = () => new Error(`No value within ${TIME_LIMIT_MS} ms`);
      return JSON.stringify(await inTime(Promise.resolve().then(claim), TIME_LIMIT_MS, late));
    } catch (error) {
      this.logger.error(`The claim ${name} failed and is left out`, error);
      return undefined;
    }
  }

  private fitting(claims: readonly (readonly [name: string, json: string | undefined])[]): Record<string, unknown> {
    let bytes = 0;
    const fitting: Record<string, unknown> = {};
    for (const [name, json = ''] of claims) {
      const size = Buffer.byteLength(JSON.stringify(name)) + Buffer.byteLength(json) + 2;
      if (bytes + size > MAX_BYTES) {
        this.logger.error(`The claim ${name} is left out: claims of extensions may take ${MAX_BYTES} bytes in all`);
        continue;
      }
      bytes += size;
      fitting[name] = JSON.parse(json);
    }
    return fitting;
  }
}
