import { AuditRetention } from '#audit';
import { openDriver, PrismaService } from '#platform/database';
import { runCommand } from './run-command.js';

// npm run audit:sweep: as the schema's owner, makes the partitions of the months to come and drops those that are too old.
await runCommand(async (config) => {
  const driver = await openDriver(config.migrationDatabase, { unlimitedStatements: true });
  try {
    const dropped = await AuditRetention.on(new PrismaService(driver), config).sweep();
    return dropped.length === 0 ? 'Nothing is older than it is kept.' : `Dropped ${dropped.join(', ')}.`;
  } finally {
    await driver.close();
  }
});
