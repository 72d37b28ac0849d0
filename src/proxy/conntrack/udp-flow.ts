/** UDP flows as the kernel's connection tracking remembers them, and as `conntrack -L -o extended` prints them. */

import type { IPFamily } from "../../cluster/objects.ts";

/**
 * What an entry has to say about a Service: where its client sends to, and who answers. Both ends of a client do not
 * matter here, so many entries are one flow.
 */
export interface UdpFlow {
  readonly destination: string;
  readonly destinationPort: number;
  /** Source of the replies: the endpoint, or the destination itself where nothing was translated. */
  readonly backend: string;
  readonly backendPort: number;
}

/** The kernel's table of tracked connections, UDP only. */
export interface ConntrackTable {
  /** Every entry of a family, in no order; one flow may come many times. */
  list(family: IPFamily, signal: AbortSignal): AsyncIterable<UdpFlow>;
  /** Deletes all entries of a flow and tells how many there were; none is no error. */
  delete(family: IPFamily, flow: UdpFlow, signal: AbortSignal): Promise<number>;
}

/** Undefined for a line that is no UDP entry. */
export function parseUdpFlow(line: string): UdpFlow | undefined {
  const [original, reply] = line.includes(" udp ") ? line.matchAll(tuple) : [];
  if (original === undefined || reply === undefined) return undefined;
  const [, , destination = "", , destinationPort] = original;
  const [, backend = "", , backendPort] = reply;
  return {
    destination,
    destinationPort: Number(destinationPort),
    backend,
    backendPort: Number(backendPort),
  };
}

/** An entry has two: of what the client sends, then of what it gets back. */
const tuple = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g;

/** Whether packets are carried elsewhere than the client sends them. */
export function isTranslated({ destination, destinationPort, backend, backendPort }: UdpFlow): boolean {
  return destination !== backend || destinationPort !== backendPort;
}
