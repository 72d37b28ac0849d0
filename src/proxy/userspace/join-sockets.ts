import type { Socket } from "node:net";

/**
 * Carries bytes both ways between two connected sockets with `allowHalfOpen` until both directions have ended.
 *
 * `pipe` gives each direction its own end (a FIN is passed on as a FIN, the other direction goes on) and holds the
 * sender back while the receiver is slow. What `pipe` leaves out is failure: a reset is passed on as a reset.
 */
export function joinSockets(client: Socket, upstream: Socket): void {
  carry(client, upstream);
  carry(upstream, client);
}

function carry(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once("error", () => {
    // A server may answer, close, and refuse the rest of the request: what it sent before its FIN is still owed.
    if (from.readableEnded && !to.writableFinished) to.once("finish", () => resetSocket(to));
    else resetSocket(to);
  });
}

/**
 * Ends a connection with RST and gives up its file descriptor.
 *
 * libuv refuses to reset while its shutdown request is under way (EINVAL) and Node then never closes the handle,
 * so the reset waits the one turn of the loop which that takes.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const isShuttingDown = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isShuttingDown) socket.once("finish", () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
