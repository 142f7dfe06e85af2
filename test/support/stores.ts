import { onServers as askOnServers } from '../../src/testing/index.js';

export {
  createNewStores,
  createStores,
  createUnmigratedStores,
  newFolder,
  type Stores,
} from '../../src/testing/index.js';

/** Whether this suite uses PostgreSQL and Redis, and not the embedded stores. */
export const onServers = askOnServers();
