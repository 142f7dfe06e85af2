import { request as httpRequest } from 'node:http';

const TIMEOUT_MS = 10_000;

/** Sends one request over a connection of the agent, and resolves when the answer has been read completely. */
export function sendRequest(url, { method, path, headers, body }, agent) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url + path, { method, headers, agent, timeout: TIMEOUT_MS });
    sent.on('timeout', () => sent.destroy(new Error(`No answer within ${TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => resolve({ status: answer.statusCode, retryAfter: answer.headers['retry-after'] }));
      answer.on('error', reject);
    });
    sent.end(body);
  });
}
