import type { Api } from '../api.js';
import { getKeys } from '../generated/sdk.gen.js';
import type { PublicKey } from '../types.js';

/** The public keys by which other services verify access tokens. */
export class Keys {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists the keys (JWK), the one that signs first; none where signing is symmetric. */
  async list(): Promise<PublicKey[]> {
    return (await getKeys(this.api.open)).data.keys;
  }
}
