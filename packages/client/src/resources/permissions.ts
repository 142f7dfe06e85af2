import { type Api, listOf } from '../api.js';
import { listPermissions } from '../generated/sdk.gen.js';
import type { Permission } from '../types.js';

/** What roles can allow. */
export class Permissions {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists all permissions. */
  async list(): Promise<Permission[]> {
    return listOf(await listPermissions(this.api.session), 'permissions');
  }
}
