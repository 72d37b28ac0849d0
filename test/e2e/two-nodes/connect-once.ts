/** One connection, or one datagram and its answer: what came of it. */

import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { afterPatience } from "../patience.ts";
import type { Protocol } from "./addresses.ts";

export interface Attempt {
  readonly protocol: Protocol;
  readonly source: string;
  readonly address: string;
  readonly port: number;
  /** Milliseconds without an answer that make a silence: whole steps of 50. */
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

function connectByTcp({ source, address, port, patienceMs }: Attempt): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, localAddress: source });
    const end = (outcome: Outcome) => {
      clearInterval(timer);
      resolve(outcome);
      socket.destroy();
    };
    const timer = afterPatience(patienceMs, () => end({ kind: "silence" }));
    socket.setEncoding("utf8").once("data", (text: string) => end(parseAnswer(text)));
    socket.on("error", error => end(outcomeOf(error)));
    socket.write("?\n");
  });
}

let sourcePort = 10_000;

/**
 * None comes again soon: the kernel takes what comes from the same port for the flow that it knows, whatever has
 * changed since. Below those of node ports and those that the kernel chooses from.
 */
function nextSourcePort(): number {
  sourcePort = sourcePort === 29_999 ? 10_000 : sourcePort + 1;
  return sourcePort;
}

function connectByUdp({ source, address, port, patienceMs }: Attempt): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const end = (outcome: Outcome) => {
      clearInterval(timer);
      resolve(outcome);
      socket.removeAllListeners().on("error", () => {});
      socket.close();
    };
    const timer = afterPatience(patienceMs, () => end({ kind: "silence" }));
    // EPERM is what a sender hears first when a rule of its own host stops the packet; a refusal follows, or not.
    const fail = (error: NodeJS.ErrnoException | null) => {
      if (error !== null && error.code !== "EPERM") end(outcomeOf(error));
    };
    socket.once("message", text => end(parseAnswer(String(text))));
    socket.on("error", fail);
    socket.once("connect", () => socket.send("?", fail));
    socket.bind(nextSourcePort(), source, () => socket.connect(port, address));
  });
}
