/** Load from several sockets at once, in one thread that does nothing else: it never returns to the event loop meanwhile. */

import type { LoadCalls } from "./load-calls.ts";
import type { LoadRequest, LoadResult } from "./load-request.ts";
import { LoadSocket } from "./load-socket.ts";
import { Questions } from "./questions.ts";
import { Readiness } from "./readiness.ts";
import { Tally } from "./tally.ts";

const socketCount = 8;
/** Longer than any reply takes that is not lost. */
const patienceMs = 2_000;
/** So that a window whose queries were lost does not stay shut. */
const stallMs = 1_000;
const longestWaitMs = 50;

/** Throws the system's error. */
export function driveLoad(calls: LoadCalls, request: LoadRequest): LoadResult {
  const { pace, asked, server } = request;
  const tally = new Tally(asked.expected, { isTimed: pace.kind === "rate" });
  const questions = new Questions(asked);
  const sockets = Array.from({ length: socketCount }, () => new LoadSocket(calls, server, questions, tally));
  const clients = new Clients(calls, sockets);
  const startedAtMs = performance.now();
  const endMs = startedAtMs + request.seconds * 1000;
  if (pace.kind === "rate") sendAtRate(clients, pace.perSecond, startedAtMs, endMs);
  else keepWindow(clients, pace.outstanding, endMs);
  const seconds = (performance.now() - startedAtMs) / 1000;
  clients.finish();
  const { sent, answered, wrong, lost } = tally;
  return { seconds, sent, answered, wrong, lost, latency: tally.latency() };
}

function keepWindow({ sockets, waitAndRead }: Clients, outstanding: number, endMs: number): void {
  const share = Math.ceil(outstanding / sockets.length);
  const heardAtMs = sockets.map(() => performance.now());
  for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
    for (const [index, socket] of sockets.entries()) {
      if (nowMs - (heardAtMs[index] as number) > stallMs) {
        socket.giveUp();
        heardAtMs[index] = nowMs;
      }
      if (socket.outstanding < share) socket.send(share - socket.outstanding, nowMs);
    }
    waitAndRead(longestWaitMs, index => {
      heardAtMs[index] = nowMs;
    });
  }
}

/** Never waits for replies: what is due is sent, all of it by one client, the next by the next. */
function sendAtRate(
  { sockets, waitAndRead }: Clients,
  perSecond: number,
  startedAtMs: number,
  endMs: number,
): void {
  let sent = 0;
  let turn = 0;
  for (let nowMs = startedAtMs; nowMs < endMs; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - startedAtMs) * perSecond) / 1000) + 1 - sent;
    if (due > 0) {
      const socket = sockets[turn % sockets.length] as LoadSocket;
      turn += 1;
      sent += socket.send(due, nowMs);
    }
    const nextAtMs = startedAtMs + (sent / perSecond) * 1000;
    waitAndRead(Math.min(longestWaitMs, nextAtMs - performance.now()));
  }
}

class Clients {
  readonly sockets: readonly LoadSocket[];
  readonly #readiness: Readiness;

  constructor(calls: LoadCalls, sockets: readonly LoadSocket[]) {
    this.sockets = sockets;
    this.#readiness = new Readiness(
      calls,
      sockets.map(({ fd }) => fd),
    );
  }

  /** Tells of each socket that had something to read. */
  readonly waitAndRead = (timeoutMs: number, onHeard?: (index: number) => void): void => {
    this.#readiness.wait(timeoutMs);
    const nowMs = performance.now();
    for (let index = 0; index < this.sockets.length; index += 1) {
      if (!this.#readiness.isReady(index)) continue;
      this.sockets[index]?.receive(nowMs);
      onHeard?.(index);
    }
  };

  /** Waits for the last replies. */
  finish(): void {
    const endMs = performance.now() + patienceMs;
    while (this.sockets.some(({ outstanding }) => outstanding > 0) && performance.now() < endMs) {
      this.waitAndRead(longestWaitMs);
    }
    for (const socket of this.sockets) {
      socket.giveUp();
      socket.close();
    }
  }
}
