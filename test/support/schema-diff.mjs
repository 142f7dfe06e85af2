// Prints the SQL from the migrations in a folder (the project's, if none is given) to the schema. It is a separate program,
// as a process can have one schema engine.
import process from 'node:process';
import { diffFromMigrations } from '../../dist/commands/schema-engine/index.js';
import { listMigrations } from '../../dist/platform/database/index.js';

const [, , folder] = process.argv;
process.stdout.write(await diffFromMigrations(folder && (await listMigrations({ folder, steps: {} }))));
// The engine leaves a timer running.
process.exit(0);
