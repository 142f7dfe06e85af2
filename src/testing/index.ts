// The test kit: what the suites of this project and of extensions start from.
export {
  type Account,
  ADMIN,
  FAST_HASHES,
  login,
  NO_LIMITS,
  register,
  SECRETS,
  type Session,
  startApp,
  type StartOptions,
  type TestApp,
} from './start-app.js';
export { createNewStores, createStores, createUnmigratedStores, newFolder, onServers, type Stores } from './stores.js';
export { type ApiAnswer, type ApiRequest, TestClient } from './test-client.js';
