// Prints the SQL from the migrations to the schema; a program of its own, as the schema engine is one per process.
import process from 'node:process';
import { ShadowDatabase } from '../../dist/platform/database/pglite.driver.js';
import { diffFromMigrations } from '../../dist/platform/database/schema-engine.js';

const shadow = await ShadowDatabase.open();
process.stdout.write(await diffFromMigrations(shadow));
await shadow.close();
// The engine leaves a timer running.
process.exit(0);
