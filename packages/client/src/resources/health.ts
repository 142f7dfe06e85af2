import type { Api } from '../api.js';
import { getHealth, getLiveness, getReadiness } from '../generated/sdk.gen.js';
import type { Health as Report, Probe } from '../types.js';

/** The state of the server. That it is unhealthy is an answer, not an error. */
export class Health {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Reports the state of the server and its stores. */
  async get(): Promise<Report> {
    return (await getHealth(this.api.health)).data;
  }

  /** Whether the process answers. */
  async live(): Promise<Probe> {
    return (await getLiveness(this.api.health)).data;
  }

  /** Whether the server can serve requests. */
  async ready(): Promise<Probe> {
    return (await getReadiness(this.api.health)).data;
  }
}
