import { migrate } from '#platform/database';
import { runCommand } from './run-command.js';

// npm run migrate: brings the configured database to the newest migration, and lets the application use it.
await runCommand(async ({ database, migrationDatabase }) => {
  const { applied, role } = await migrate(migrationDatabase, database);
  const done = applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`;
  return role === undefined ? done : `${done} Granted the role ${role} what it needs.`;
});
