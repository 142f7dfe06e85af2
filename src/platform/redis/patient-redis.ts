import { type Command, Redis } from 'ioredis';

/** Past this, in milliseconds, doing without is the faster way. */
export const ANSWER_TIMEOUT_MS = 300;

type Stream = Parameters<Redis['sendCommand']>[1];

/**
 * Bounds how long each command may take, as `commandTimeout` does; but an answer that has come in, and that a busy event
 * loop could not read yet, is not late. What `duplicate()` makes has no bound.
 */
export class PatientRedis extends Redis {
  override sendCommand(command: Command, stream?: Stream): unknown {
    const answer = super.sendCommand(command, stream);
    if (command.isSettled) return answer;
    const giveUp = () => {
      if (!command.isSettled) command.reject(new Error('Command timed out'));
    };
    const timer = setTimeout(() => setImmediate(giveUp), ANSWER_TIMEOUT_MS);
    const { resolve, reject } = command;
    command.resolve = (value) => {
      clearTimeout(timer);
      resolve(value);
    };
    command.reject = (error) => {
      clearTimeout(timer);
      reject(error);
    };
    return answer;
  }
}
