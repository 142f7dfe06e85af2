// Preloaded into a program under test: answers its parent what it holds, after a collection.
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';

/** What a finalizer or a weak reference lets go of is collected by the next one. */
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
// The program ends when it would without this.
process.channel.unref();
