// Sends all requests of a burst at once, each over its own connection, and keeps the connections for the next burst.
// Counts the answers by status, and counts 503 answers without the required `Retry-After` header separately.
import { Agent } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendRequest } from './request.mjs';

const agent = new Agent({ keepAlive: true });
const answers = {};

async function send(url, request) {
  const { status, retryAfter } = await sendRequest(url, request, agent).catch(() => ({ status: 'no answer' }));
  const kind = status === 503 && !(Number(retryAfter) > 0) ? '503 without Retry-After' : status;
  answers[kind] = (answers[kind] ?? 0) + 1;
}

async function sendAll({ url, bursts, everyMs }) {
  const began = performance.now();
  const sent = [];
  for (const [number, burst] of bursts.entries()) {
    await sleep(Math.max(0, began + number * everyMs - performance.now()));
    sent.push(...burst.map((request) => send(url, request)));
  }
  await Promise.all(sent);
  agent.destroy();
  process.send(answers, () => process.disconnect());
}

// Ctrl+C reaches this process too, but its parent stops it.
process.once('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));
process.once('message', (message) => void sendAll(message));
process.send('ready');
