import type { Socket } from "node:dgram";
import { bindUdp } from "./bind-udp.ts";
import type { StandInFor } from "./tcp-stand-in.ts";

/** The largest payload of a UDP datagram over IPv4. */
const maxPayloadBytes = 65_507;

/** Stands in for a Pod on one UDP port: each datagram comes back after a line with the Pod's name. */
export class UdpStandIn {
  readonly #greeting: Buffer;
  #socket: Socket | undefined;

  constructor(pod: Pick<StandInFor, "podName">) {
    this.#greeting = Buffer.from(`${pod.podName}\n`);
  }

  /** Rejects with the system's error. */
  async open(address: string, port: number): Promise<void> {
    const socket = await bindUdp(address, port);
    socket.on("message", (payload, client) => {
      const reply = Buffer.concat([this.#greeting, payload]).subarray(0, maxPayloadBytes);
      socket.send(reply, client.port, client.address);
    });
    // A reply that cannot be sent is lost, as datagrams may be.
    socket.on("error", () => {});
    this.#socket = socket;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
