import { unexpected } from '../answer.js';
import type { Api } from '../api.js';
import { getHealth, getLiveness, getReadiness } from '../generated/sdk.gen.js';
import type { Health as Report, Probe } from '../types.js';

/** The state of the server. That it is unhealthy is an answer, not an error. */
export class Health {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Reports the state of the server and its stores. */
  async get(): Promise<Report> {
    return reportIn(await getHealth(this.api.health));
  }

  /** Whether the process answers. */
  async live(): Promise<Probe> {
    return reportIn(await getLiveness(this.api.health));
  }

  /** Whether the server can serve requests. */
  async ready(): Promise<Probe> {
    return reportIn(await getReadiness(this.api.health));
  }
}

/** @throws UnexpectedResponseError where the answer has no status */
function reportIn<Answer extends Probe | Report>({ data, response }: { data: Answer; response: Response }): Answer {
  if (typeof data.status !== 'string') throw unexpected(response);
  return data;
}
