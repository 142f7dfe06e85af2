// Preloaded into a program under test: at SIGUSR2, it writes more than it queues for the reader of its standard output.
import process from 'node:process';

const MIB = 1_024 * 1_024;

async function fill() {
  // Not before the program has loaded it.
  const { standardOutput } = await import('../../dist/platform/observability/index.js');
  for (let written = 0; written < 17; written += 1) standardOutput.write(`${'x'.repeat(MIB)}\n`);
}

process.on('SIGUSR2', () => void fill());
