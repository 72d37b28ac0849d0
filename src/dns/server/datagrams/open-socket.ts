/** A UDP socket that is bound and never waits; the same options as node's own have. */

import { isWildcard } from "../port-sharing.ts";
import { linux } from "./linux-layout.ts";
import { portAt, socketAddress } from "./socket-address.ts";
import type { SystemCalls } from "./system-calls.ts";
import { systemError } from "./system-calls.ts";

export interface BoundSocket {
  readonly fd: number;
  readonly family: "IPv4" | "IPv6";
  /** What it is bound to. */
  readonly address: string;
  readonly port: number;
  /** Whether datagrams come with the address they were sent to, because that is not known beforehand. */
  readonly tellsDestination: boolean;
}

/** Throws the system's error. */
export function openSocket(
  calls: SystemCalls,
  address: string,
  port: number,
  receiveBufferBytes: number,
): BoundSocket {
  const where = `${address}:${port}`;
  const isV6 = address.includes(":");
  const type = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
  const fd = check(calls, "socket", where, calls.socket(isV6 ? linux.AF_INET6 : linux.AF_INET, type, 0));
  const set = (level: number, option: number, value = 1) => setOption(calls, fd, level, option, value);
  const tellsDestination = isWildcard(address);
  try {
    check(calls, "setsockopt", where, set(linux.SOL_SOCKET, linux.SO_REUSEPORT));
    // Beyond the system's limit for those who may; for the others the kernel cuts it down by itself.
    if (set(linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, receiveBufferBytes) < 0) {
      check(calls, "setsockopt", where, set(linux.SOL_SOCKET, linux.SO_RCVBUF, receiveBufferBytes));
    }
    // Where both families are wanted, 0.0.0.0 has a socket of its own.
    if (isV6) check(calls, "setsockopt", where, set(linux.IPPROTO_IPV6, linux.IPV6_V6ONLY));
    if (tellsDestination) {
      const [level, option] = isV6
        ? [linux.IPPROTO_IPV6, linux.IPV6_RECVPKTINFO]
        : [linux.IPPROTO_IP, linux.IP_PKTINFO];
      check(calls, "setsockopt", where, set(level, option));
    }
    const wanted = socketAddress(address, port);
    check(calls, "bind", where, calls.bind(fd, wanted, wanted.length));
    const family = isV6 ? "IPv6" : "IPv4";
    return { fd, family, address, port: boundPort(calls, fd, where), tellsDestination };
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/**
 * What comes from now on is for the other sockets of the port: to one that has a peer the kernel gives that one's datagrams
 * only (`reuseport_select_sock`), and takes replies for everybody all the same. Without that, what comes between the last
 * reading and closing is lost. If it fails, that is how it is.
 */
export function leaveGroup(calls: SystemCalls, fd: number, address: string, port: number): void {
  const loopback = address.includes(":") ? "::1" : "127.0.0.1";
  const itself = socketAddress(isWildcard(address) ? loopback : address, port);
  calls.connect(fd, itself, itself.length);
}

function setOption(calls: SystemCalls, fd: number, level: number, option: number, value: number): number {
  const octets = Buffer.alloc(4);
  octets.writeInt32LE(value);
  return calls.setsockopt(fd, level, option, octets, octets.length);
}

function boundPort(calls: SystemCalls, fd: number, where: string): number {
  const address = Buffer.alloc(32);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(address.length);
  check(calls, "getsockname", where, calls.getsockname(fd, address, size));
  return portAt(address, 0);
}

function check(calls: SystemCalls, syscall: string, where: string, result: number): number {
  if (result >= 0) return result;
  throw systemError(syscall, calls.errno(), where);
}
