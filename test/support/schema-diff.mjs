// Prints the SQL from the migrations in a folder (the project's, if none is given) to the schema. It is a separate program,
// as a process can have one schema engine.
import process from 'node:process';
import { diffFromMigrations } from '../../dist/commands/schema-engine/index.js';

process.stdout.write(await diffFromMigrations(process.argv[2]));
// The engine leaves a timer running.
process.exit(0);
