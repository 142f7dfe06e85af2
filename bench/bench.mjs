// npm run bench: the comparison with a bare server (run.mjs). npm run bench -- audit: what auditing costs (audit.mjs).
import process from 'node:process';

if (process.argv[2] === 'audit') {
  process.argv.splice(2, 1);
  await import('./audit.mjs');
} else await import('./run.mjs');
