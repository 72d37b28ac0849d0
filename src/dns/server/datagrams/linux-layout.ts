/**
 * Where Linux has the fields of the structs that recvmmsg and sendmmsg read and write, in octets, and its numbers.
 *
 * x64 and arm64 agree in all of it: pointers and sizes have 8 octets, are aligned to 8 and little-endian. musl declares
 * two of the sizes as int and padding, which is the same memory.
 */

/** `struct mmsghdr`: a `struct msghdr` and the size of the datagram. */
export const messageHeader = {
  sizeBytes: 64,
  name: 0,
  nameSize: 8,
  vectors: 16,
  vectorCount: 24,
  control: 32,
  controlSize: 40,
  flags: 48,
  datagramSize: 56,
} as const;

/** `struct iovec` */
export const vector = { sizeBytes: 16, base: 0, size: 8 } as const;

/** `struct cmsghdr`; its data follows at once. */
export const controlHeader = { sizeBytes: 16, size: 0, level: 8, type: 12 } as const;

/** `struct sockaddr_in`: port and address in network order. */
export const address4 = { sizeBytes: 16, family: 0, port: 2, host: 4 } as const;

/** `struct sockaddr_in6` */
export const address6 = { sizeBytes: 28, family: 0, port: 2, flow: 4, host: 8, scope: 24 } as const;

/** `struct in_pktinfo`: `source` is the local address; `destination` the one in the packet's header. */
export const packetInfo4 = { sizeBytes: 12, interface: 0, source: 4, destination: 8 } as const;

/** `struct in6_pktinfo` */
export const packetInfo6 = { sizeBytes: 20, destination: 0, interface: 16 } as const;

/** ip(7), ipv6(7), socket(7), recvmmsg(2). */
export const linux = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_RCVBUFFORCE: 33,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  MSG_DONTWAIT: 0x40,
} as const;

/** Whether all of the above holds on this machine. */
export function isKnownMachine(platform: NodeJS.Platform, arch: NodeJS.Architecture): boolean {
  return platform === "linux" && (arch === "x64" || arch === "arm64");
}
