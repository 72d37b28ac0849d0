/** Run inside a network namespace: serves and connects there as it is told over the parent's channel. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, isIPv6 } from "node:net";
import type { Protocol } from "../../../src/cluster/objects.ts";
import { afterPatience } from "../patience.ts";
import { accept, SctpSocket } from "./sctp.ts";

export interface ServeOrder {
  readonly kind: "serve";
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

export interface ConnectOrder {
  readonly kind: "connect";
  readonly protocol: Protocol;
  readonly source: string;
  readonly address: string;
  readonly port: number;
  /** Milliseconds without an answer that make a silence. */
  readonly patienceMs: number;
}

export type Outcome =
  | { readonly kind: "answered"; readonly endpoint: string; readonly seenSource: string }
  | { readonly kind: "refused" | "silence" | "unreachable" };

export type Order = { readonly id: number } & (ServeOrder | ConnectOrder);
export type Answer = { readonly id: number; readonly outcome: Outcome | undefined };

/** Everybody who comes is told who answers and whom it sees. */
async function serve({ protocol, address, port }: ServeOrder): Promise<undefined> {
  if (protocol === "TCP") {
    const server = createServer(socket => {
      socket.on("error", () => {});
      socket.end(`${address} ${socket.remoteAddress}`);
    });
    server.listen(port, address);
    await once(server, "listening");
    return;
  }
  if (protocol === "SCTP") return serveSctp(address, port);
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.on("message", (_, peer) => socket.send(`${address} ${peer.address}`, peer.port, peer.address));
  socket.bind(port, address);
  await once(socket, "listening");
}

async function serveSctp(address: string, port: number): Promise<undefined> {
  const socket = await SctpSocket.open(address, packet => {
    if (packet.isInit && packet.destinationPort === port) {
      socket.send(accept(packet, `${address} ${packet.peer}`));
    }
  });
}

function parseAnswer(text: string): Outcome {
  const [endpoint = "", seenSource = ""] = text.split(" ");
  return { kind: "answered", endpoint, seenSource };
}

function outcomeOf(error: NodeJS.ErrnoException): Outcome {
  return { kind: error.code === "ECONNREFUSED" ? "refused" : "unreachable" };
}

function connectByTcp({ source, address, port, patienceMs }: ConnectOrder): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, localAddress: source });
    const timer = afterPatience(patienceMs, () => {
      resolve({ kind: "silence" });
      socket.destroy();
    });
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.once("end", () => resolve(parseAnswer(text)));
    socket.once("error", error => resolve(outcomeOf(error)));
    socket.once("close", () => clearInterval(timer));
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

function connectByUdp({ source, address, port, patienceMs }: ConnectOrder): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const end = (outcome: Outcome) => {
      clearInterval(timer);
      resolve(outcome);
      socket.removeAllListeners("error").on("error", () => {});
      socket.close();
    };
    const timer = afterPatience(patienceMs, () => end({ kind: "silence" }));
    socket.once("message", text => end(parseAnswer(String(text))));
    socket.once("error", error => end(outcomeOf(error)));
    socket.once("connect", () => socket.send("?"));
    socket.bind(nextSourcePort(), source, () => socket.connect(port, address));
  });
}

async function connectBySctp({ source, address, port, patienceMs }: ConnectOrder): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const ownPort = nextSourcePort();
  using socket = await SctpSocket.open(source, ({ isInit, destinationPort, peer, sourcePort, text }) => {
    const isAnswer = !isInit && destinationPort === ownPort && peer === address && sourcePort === port;
    if (isAnswer) resolve(parseAnswer(text));
  });
  socket.send({
    peer: address,
    sourcePort: ownPort,
    destinationPort: port,
    verificationTag: 0,
    isInit: true,
    initiateTag: 5,
    text: "",
  });
  const timer = afterPatience(patienceMs, () => resolve({ kind: "silence" }));
  const outcome = await promise;
  clearInterval(timer);
  return outcome;
}

function follow(order: Order): Promise<Outcome | undefined> {
  if (order.kind === "serve") return serve(order);
  const connectBy = { TCP: connectByTcp, UDP: connectByUdp, SCTP: connectBySctp };
  return connectBy[order.protocol](order);
}

process.on("message", (order: Order) => {
  follow(order).then(
    outcome => process.send?.({ id: order.id, outcome } satisfies Answer),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit());
