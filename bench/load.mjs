// Three kinds of load. A closed loop sends a request on a connection when the previous answer has arrived. A paced load
// sends a fixed number of requests per second, however slow the answers are. A burst sends many requests at once.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { sendRequest } from './request.mjs';
import { CONNECTIONS } from './scenarios.mjs';

/** How often (ms) autocannon checks whether its time is over. Its default of 1 s would make rounds too long. */
const STOP_CHECK_MS = 20;
const REQUEST_TIMEOUT_SECONDS = 10;
/** Added to the round's length: time to start the sender and to receive the answers to the last burst. */
const BURST_EXTRA_SECONDS = 30;

/** The measurements of one load. Latencies are in milliseconds. */
class Outcome {
  latencies = [];
  unexpected = 0;
  sent = 0;
  seconds = 0;

  constructor(expectedStatus) {
    this.expectedStatus = expectedStatus;
  }

  record(status, latency) {
    if (status !== this.expectedStatus) this.unexpected += 1;
    this.latencies.push(latency);
  }
}

/** @returns a function that applies the load once; preparing it is not part of the measurement */
export async function prepareLoad(server, scenario, { seconds, users }) {
  let cannon;
  const connection = await scenario.prepare(server, { users, stop: () => cannon?.stop() });
  if (scenario.burst !== undefined) return burstLoad(server, scenario, connection, seconds);
  if (scenario.requestsPerSecond !== undefined) return () => pacedLoad(server, scenario, connection, seconds);
  return () => closedLoad(server, scenario, connection, seconds, (started) => (cannon = started));
}

/** Each connection sends its next request when the answer to its previous one has arrived. */
async function closedLoad(server, scenario, connection, seconds, onStart) {
  const outcome = new Outcome(scenario.status);
  let index = 0;
  const began = performance.now();
  const cannon = autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: seconds,
    sampleInt: STOP_CHECK_MS,
    timeout: REQUEST_TIMEOUT_SECONDS,
    setupClient(client) {
      const { request, next, received } = connection(index);
      index += 1;
      client.setRequests([
        {
          ...request,
          ...(next && { setupRequest: next }),
          ...(received && { onResponse: (_status, body) => received(body) }),
        },
      ]);
    },
  });
  onStart(cannon);
  cannon.on('response', (_client, status, _bytes, latency) => outcome.record(status, latency));
  const { errors, requests } = await cannon;
  outcome.seconds = (performance.now() - began) / 1_000;
  outcome.unexpected += errors;
  outcome.sent = requests.sent;
  return outcome;
}

/**
 * Sends requests at a steady pace and times each from the moment it was due. A server that stalls therefore delays
 * every request that falls due meanwhile; a closed loop would send fewer requests then and hide the stall.
 */
async function pacedLoad(server, scenario, connection, seconds) {
  const outcome = new Outcome(scenario.status);
  const agent = new Agent({ keepAlive: true });
  const pending = [];
  const total = Math.round(seconds * scenario.requestsPerSecond);
  const began = performance.now();
  for (let number = 0; number < total; number += 1) {
    const due = began + (number * 1_000) / scenario.requestsPerSecond;
    await sleep(Math.max(0, due - performance.now()));
    const { request } = connection(number % CONNECTIONS);
    pending.push(
      sendRequest(server.url, request, agent)
        .catch(() => ({ status: 0 }))
        .then(({ status }) => outcome.record(status, performance.now() - due)),
    );
  }
  await Promise.all(pending);
  outcome.seconds = (performance.now() - began) / 1_000;
  outcome.sent = total;
  agent.destroy();
  return outcome;
}

/** Sends bursts from a separate process, because sending one would delay the paced load that runs at the same time. */
async function burstLoad(server, { burst: { size, everyMs } }, connection, seconds) {
  const { next } = connection(0);
  const bursts = Array.from({ length: Math.ceil((seconds * 1_000) / everyMs) }, () =>
    Array.from({ length: size }, () => next()),
  );
  const sender = fork(new URL('burst.mjs', import.meta.url));
  const signal = AbortSignal.timeout((seconds + BURST_EXTRA_SECONDS) * 1_000);
  await once(sender, 'message', { signal });
  return async () => {
    const began = performance.now();
    sender.send({ url: server.url, bursts, everyMs });
    const [answers] = await once(sender, 'message', { signal });
    const sent = bursts.length * size;
    const unexpected = sent - (answers['200'] ?? 0) - (answers['503'] ?? 0);
    return { answers, unexpected, sent, seconds: (performance.now() - began) / 1_000 };
  };
}
