/** Waits this many milliseconds, or until `hurry` is aborted. */
export function sleep(ms: number, hurry?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      hurry?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, hurry?.aborted === true ? 0 : ms);
    hurry?.addEventListener('abort', end);
  });
}

/** Waits for work, and rejects when it takes longer than this many milliseconds. */
export async function inTime<Value>(work: PromiseLike<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Not done within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
