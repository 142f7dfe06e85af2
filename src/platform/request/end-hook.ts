/**
 * Ends a Fastify hook when its work has settled. A hook that mostly has nothing to wait for takes a callback, as a promise
 * for each request costs more.
 */
export function endHook(done: (error?: Error) => void, work: Promise<unknown>): void {
  // oxlint-disable-next-line promise/no-callback-in-promise, promise/always-return
  work.then(() => done(), done);
}
