/** One connection, or one datagram and its answer: what came of it. */

import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Protocol } from "./addresses.ts";

export interface Attempt {
  readonly protocol: Protocol;
  readonly source: string;
  readonly address: string;
  readonly port: number;
  /** Milliseconds without an answer that make a silence. */
  readonly patienceMs: number;
}

/** Who answered, and whom that one saw. */
export interface Answered {
  readonly kind: "answered";
  readonly endpoint: string;
  readonly endpointPort: number;
  readonly seenSource: string;
}

export type Outcome = Answered | { readonly kind: "refused" | "silence" | "unreachable" };

/** Reads what a server of `serve.ts` says. */
export function parseAnswer(text: string): Answered {
  const [endpoint = "", endpointPort = "", seenSource = ""] = text.trim().split(" ");
  return { kind: "answered", endpoint, endpointPort: Number(endpointPort), seenSource };
}

export function connectOnce(attempt: Attempt): Promise<Outcome> {
  return attempt.protocol === "TCP" ? connectByTcp(attempt) : connectByUdp(attempt);
}

function outcomeOf({ code }: NodeJS.ErrnoException): Outcome {
  return { kind: code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : "unreachable" };
}

/** Calls back after the time, but not before everything that has come until then has been read. */
function atTheEnd(patienceMs: number, callback: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(callback), patienceMs);
}

function connectByTcp({ source, address, port, patienceMs }: Attempt): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, localAddress: source });
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
      socket.destroy();
    };
    const timer = atTheEnd(patienceMs, () => end({ kind: "silence" }));
    socket.setEncoding("utf8").once("data", (text: string) => end(parseAnswer(text)));
    socket.on("error", error => end(outcomeOf(error)));
    socket.write("?\n");
  });
}

function connectByUdp({ source, address, port, patienceMs }: Attempt): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
      socket.removeAllListeners().on("error", () => {});
      socket.close();
    };
    const timer = atTheEnd(patienceMs, () => end({ kind: "silence" }));
    // EPERM is what a sender hears first when a rule of its own host stops the packet; a refusal follows, or not.
    const fail = (error: NodeJS.ErrnoException | null) => {
      if (error !== null && error.code !== "EPERM") end(outcomeOf(error));
    };
    socket.once("message", text => end(parseAnswer(String(text))));
    socket.on("error", fail);
    socket.once("connect", () => socket.send("?", fail));
    socket.bind(0, source, () => socket.connect(port, address));
  });
}
