import type { RemoteInfo, Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { UsableEndpoint } from "../plan/service-port-plan.ts";
import { bindUdp } from "./bind-udp.ts";
import type { EndpointChoice } from "./endpoint-choice.ts";
import type { DialPort } from "./tcp-relay.ts";

/** The kernel's defaults: nf_conntrack_udp_timeout, and nf_conntrack_udp_timeout_stream once there was a reply. */
const unansweredTimeoutMs = 30_000;
const answeredTimeoutMs = 120_000;
/** Datagrams kept per flow while its socket connects, which takes a turn or two of the event loop. */
const maxQueuedDatagrams = 256;

export interface UdpRelayOptions {
  readonly chooser: EndpointChoice;
  readonly dialPort: DialPort;
  /** The flow unused for longest makes room for a new one. */
  readonly maxFlows: number;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/**
 * One UDP way in. A flow is what one client address and port sends: it stays with one endpoint as long as that is
 * there, and has a socket of its own, so that replies find their way back. They leave from the way-in's own address.
 */
export class UdpRelay {
  readonly #options: UdpRelayOptions;
  /** By client; made for the first datagram, because it takes its memory at once and most relays stay unused. */
  #flows: LRUCache<string, UdpFlow> | undefined;
  #socket: Socket | undefined;

  constructor(options: UdpRelayOptions) {
    this.#options = options;
  }

  /** Listens on an address that this relay does not listen on yet. Rejects with the system's error. */
  async open(address: string, port: number): Promise<void> {
    const socket = await bindUdp(address, port);
    socket.on("message", (datagram, client) => this.#receive(datagram, client));
    socket.on("error", err => this.#options.log.debug({ err, address, port }, "datagram not carried"));
    this.#socket = socket;
  }

  /** Stops listening at once, so that the kernel answers "port unreachable"; flows end. */
  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#flows?.clear();
  }

  /** Ends flows whose endpoint has gone; the client's next datagram starts a new one. */
  endpointsChanged(): void {
    const flows = [...(this.#flows?.entries() ?? [])];
    const gone = flows.filter(([, flow]) => !this.#options.chooser.has(flow.endpoint));
    for (const [key] of gone) this.#flows?.delete(key);
  }

  #receive(datagram: Buffer, client: RemoteInfo): void {
    const key = `${client.address} ${client.port}`;
    this.#flows ??= this.#makeFlowTable();
    const flow = this.#flows.get(key) ?? this.#startFlow(this.#flows, key, client);
    flow?.send(datagram);
  }

  #makeFlowTable(): LRUCache<string, UdpFlow> {
    return new LRUCache({
      max: this.#options.maxFlows,
      ttl: unansweredTimeoutMs,
      ttlAutopurge: true,
      ttlResolution: 0,
      updateAgeOnGet: true,
      perf: { now: this.#options.nowMs },
      dispose: flow => flow.close(),
    });
  }

  #startFlow(flows: LRUCache<string, UdpFlow>, key: string, client: RemoteInfo): UdpFlow | undefined {
    const { chooser, dialPort, log } = this.#options;
    const endpoint = chooser.choose(client.address);
    if (endpoint === undefined) return undefined;
    const flow: UdpFlow = new UdpFlow(endpoint, dialPort(endpoint.address, endpoint.port, "UDP"), {
      onReply: reply => {
        flows.set(key, flow, { ttl: answeredTimeoutMs });
        this.#socket?.send(reply, client.port, client.address);
      },
      onFailure: err => {
        log.debug({ err, endpoint }, "flow ended by its endpoint");
        flows.delete(key);
        chooser.forget(client.address);
      },
    });
    flows.set(key, flow);
    return flow;
  }
}

interface UdpFlowEvents {
  readonly onReply: (reply: Buffer) => void;
  /** Typically ECONNREFUSED: nothing listens there. Nothing more is heard of the flow. */
  readonly onFailure: (error: Error) => void;
}

/** One connected socket: it receives from its endpoint only, and hears of it when nothing listens there. */
class UdpFlow {
  readonly endpoint: UsableEndpoint;
  readonly #socket: Socket;
  readonly #events: UdpFlowEvents;
  /** Undefined once connected. */
  #queue: Buffer[] | undefined = [];
  #isClosed = false;

  constructor(endpoint: UsableEndpoint, port: number, events: UdpFlowEvents) {
    this.endpoint = endpoint;
    this.#events = events;
    this.#socket = createSocket(isIPv6(endpoint.address) ? "udp6" : "udp4");
    this.#socket.on("message", reply => events.onReply(reply));
    this.#socket.on("error", error => this.#fail(error));
    this.#socket.once("connect", () => this.#sendQueued());
    this.#socket.connect(port, endpoint.address);
  }

  send(datagram: Buffer): void {
    if (this.#queue === undefined) this.#socket.send(datagram, error => error && this.#fail(error));
    else if (this.#queue.length < maxQueuedDatagrams) this.#queue.push(datagram);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #sendQueued(): void {
    const queued = this.#queue ?? [];
    this.#queue = undefined;
    for (const datagram of queued) this.send(datagram);
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onFailure(error);
  }
}
