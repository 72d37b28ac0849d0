/**
 * Ethernet frames of our own, which Node.js has no way to send: a packet socket (packet(7)) of the C library, by way of
 * koffi. Nothing waits, nothing is received.
 */

import { endianness } from "node:os";
import { getSystemErrorMessage } from "node:util";

export interface PacketSocket {
  /** Throws when the kernel does not take the frame. */
  send(frame: Uint8Array, interfaceIndex: number): void;
  close(): void;
}

const packetFamily = 17;
const rawType = 3;
const closeOnExec = 0o2000000;

/** Needs CAP_NET_RAW. Rejects with the reason why there is none to be had; koffi or its binary may be missing. */
export async function openPacketSocket(): Promise<PacketSocket> {
  const koffi = await import("koffi");
  const libc = koffi.load(null);
  const socket = libc.func("int socket(int family, int type, int protocol)");
  const sendto = libc.func(
    "int64_t sendto(int fd, void *data, uint64_t size, int flags, void *address, uint32_t addressSize)",
  );
  const close = libc.func("int close(int fd)");
  const check = (result: number): number => {
    if (result < 0) throw new Error(`packet socket: ${getSystemErrorMessage(-koffi.errno())}`);
    return result;
  };
  const descriptor = check(socket(packetFamily, rawType | closeOnExec, 0));
  return {
    send: (frame, interfaceIndex) => {
      const address = linkLayerAddress(frame, interfaceIndex);
      check(sendto(descriptor, frame, frame.length, 0, address, address.length));
    },
    close: () => void close(descriptor),
  };
}

/** `struct sockaddr_ll` for the frame's own destination. */
function linkLayerAddress(frame: Uint8Array, interfaceIndex: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(20));
  const isLittleEndian = endianness() === "LE";
  address.setUint16(0, packetFamily, isLittleEndian);
  // In the order of the network, as it stands in the frame behind the two hardware addresses.
  address.setUint16(2, ((frame[12] ?? 0) << 8) | (frame[13] ?? 0));
  address.setInt32(4, interfaceIndex, isLittleEndian);
  address.setUint8(11, 6);
  const octets = new Uint8Array(address.buffer);
  octets.set(frame.subarray(0, 6), 12);
  return octets;
}
