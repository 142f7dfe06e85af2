import { loadConfig } from '#config';
import { runToEnd } from './run-command.js';

// The container's health check: whether the server of this configuration answers on its port.
const TIMEOUT_MS = 2_000;

await runToEnd(async () => {
  const { port, basePath } = loadConfig(process.env);
  const answer = await fetch(`http://127.0.0.1:${port}${basePath}/health/live`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  return 'alive';
});
