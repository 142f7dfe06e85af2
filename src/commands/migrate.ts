import { migrate } from '../platform/database/migrator.js';
import { runCommand } from './run-command.js';

// npm run migrate: brings the configured database to the newest migration.
await runCommand(async ({ migrationDatabase }) => {
  const applied = await migrate(migrationDatabase);
  return applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`;
});
