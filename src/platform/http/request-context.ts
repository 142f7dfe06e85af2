import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal } from './principal.js';

/** What anything done on behalf of a request may ask about it. */
export interface RequestContext {
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent: string | null;
  principal?: Principal;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`, and all that it starts, in the context of a request. */
export function runInRequestContext(context: RequestContext, work: () => void): void {
  storage.run(context, work);
}

/** The context of the request being served; `undefined` outside of one, as at start. */
export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}
