import { startApp as start, type Stores, type TestApp as AnyTestApp } from '../../src/testing/index.js';
import { ApiClient } from './client.js';

export { FAST_HASHES, login, NO_LIMITS, register, SECRETS } from '../../src/testing/index.js';

/** A running application whose answers are compared with the API description. */
export type TestApp = AnyTestApp<ApiClient>;

/** Starts the application without extensions. */
export function startApp(env: Readonly<Record<string, string>> = {}, sharedStores?: Stores): Promise<TestApp> {
  // Many suites cause errors on purpose.
  return start(sharedStores, { env: { LOG_LEVEL: 'silent', ...env }, client: ApiClient });
}
