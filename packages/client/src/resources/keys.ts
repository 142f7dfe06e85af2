import { unexpected } from '../answer.js';
import type { Api } from '../api.js';
import { getKeys } from '../generated/sdk.gen.js';
import type { PublicKey } from '../types.js';

/** The public keys by which other services verify access tokens. */
export class Keys {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists the keys (JWK), the one that signs first; none where signing is symmetric. */
  async list(): Promise<PublicKey[]> {
    const { data, response } = await getKeys(this.api.open);
    if (!Array.isArray(data.keys)) throw unexpected(response);
    return data.keys;
  }
}
