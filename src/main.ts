import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { createApp } from './app.js';
import { FirstAdmin } from './access/index.js';
import { explain } from './commands/run-command.js';
import { type AppConfig, loadConfig } from './config/index.js';

/** The orchestrator's patience is ten seconds; requests get most of them. */
const DRAIN_MS = 8_000;
/** How often connections are closed that have become idle since the drain began. */
const IDLE_SWEEP_MS = 100;

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      const server: Server = app.getHttpServer();
      setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS).unref();
      // Requests still open by then have had their chance.
      setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
      void app.close().then(() => process.exit(0));
    });
  }
  if (!config.production) greet(config, app.get(FirstAdmin).madeUp);
}

/** For the eyes of whoever typed the command; the password is never in the log. */
function greet({ port, docs, basePath }: AppConfig, admin: FirstAdmin['madeUp']): void {
  const url = `http://localhost:${port}`;
  const lines = [`API       ${url}${basePath}`];
  if (docs) lines.push(`Explorer  ${url}/docs`);
  if (admin !== undefined) {
    lines.push('', 'The first admin, shown this once:', `  email     ${admin.email}`, `  password  ${admin.password}`);
  }
  process.stdout.write(`\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
