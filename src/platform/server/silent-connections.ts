import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Decides what happens when nothing has moved on a request's connection for as long as the server allows: it is closed if
 * the client owes something, and kept while the server works on the request, however long that takes.
 */
export function closeWhileClientIsSilent(request: IncomingMessage, response: ServerResponse): void {
  let worked = false;
  // With a listener, Node no longer closes the socket itself.
  response.on('timeout', (socket: Socket) => {
    const awaited = isAwaited(request, socket);
    // After work, the client may have been awaited for a moment only: it gets the whole time once more.
    if (awaited && !worked) socket.destroy();
    else socket.setTimeout(socket.timeout ?? 0);
    worked = !awaited;
  });
}

/** Whether the client has to take what was sent, or to send the rest of a request of which all else was read. */
function isAwaited(request: IncomingMessage, socket: Socket): boolean {
  return socket.writableLength > 0 || (!request.complete && request.readableLength === 0);
}
