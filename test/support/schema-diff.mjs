// Prints the SQL from the migrations to the schema. It is a separate program as a process can have one schema engine.
import process from 'node:process';
import { ShadowDatabase } from '../../dist/platform/database/pglite.driver.js';
import { diffFromMigrations } from '../../dist/platform/database/schema-engine.js';

const shadow = await ShadowDatabase.open();
process.stdout.write(await diffFromMigrations(shadow));
await shadow.close();
// The engine leaves a timer running.
process.exit(0);
