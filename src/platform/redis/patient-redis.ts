import { type Command, Redis } from 'ioredis';

/** Past this, in milliseconds, doing without is the faster way. */
export const ANSWER_TIMEOUT_MS = 300;

type Stream = Parameters<Redis['sendCommand']>[1];

/**
 * Bounds how long each command may take, as `commandTimeout` does; but an answer that has come in, and that a busy event
 * loop could not read yet, is not late.
 */
export class PatientRedis extends Redis {
  override sendCommand(command: Command, stream?: Stream): unknown {
    const answer = super.sendCommand(command, stream);
    const giveUp = () => command.reject(new Error('Command timed out'));
    const timer = setTimeout(() => setImmediate(giveUp), ANSWER_TIMEOUT_MS);
    void command.promise.catch(() => undefined).then(() => clearTimeout(timer));
    return answer;
  }
}
