// Preloaded into a program under test: reports its heap, after a collection, and its sockets to the parent process.
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';

/** More than one, as what a finalizer or a weak reference releases is collected only by the next. */
const COLLECTIONS = 4;

async function measure() {
  for (let count = 0; count < COLLECTIONS; count += 1) {
    globalThis.gc();
    await turn();
  }
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  process.send({ heapUsed: process.memoryUsage().heapUsed, sockets });
}

process.on('message', () => void measure());
// So that this listener does not keep the program running.
process.channel.unref();
