/** What the batched listener asks of the kernel, by way of koffi; everything runs on the event loop and never waits. */

import { constants } from "node:os";
import { getSystemErrorMessage, getSystemErrorName } from "node:util";

export const errors = constants.errno;

/** Results are the kernel's: -1 tells that there is an `errno()`, which the next call changes. */
export interface SystemCalls {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, sizeBytes: number): number;
  bind(fd: number, address: Uint8Array, sizeBytes: number): number;
  connect(fd: number, address: Uint8Array, sizeBytes: number): number;
  getsockname(fd: number, address: Uint8Array, sizeBytes: Uint8Array): number;
  recvmmsg(fd: number, headers: bigint, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, headers: bigint, count: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
  /** Where the buffer is, which does not move as long as it lives. */
  addressOf(buffer: Buffer): bigint;
  /**
   * Calls back in each turn of the event loop in which the socket is ready. A status below zero tells that watching has
   * ended because of an error on the socket.
   */
  watch(fd: number, events: Readiness, ready: (status: number) => void): Watch;
}

export type Readiness = { readonly readable: true } | { readonly writable: true };

/** Has to be held: one that nobody refers to ends by itself. */
export interface Watch {
  /** Instead of what it has watched so far. */
  start(events: Readiness, ready: (status: number) => void): void;
  /** Once; before the socket is closed. */
  close(): void;
}

/** Rejects when koffi or its binary for this machine is not there, or a sandbox keeps the calls away. */
export async function loadSystemCalls(): Promise<SystemCalls> {
  const koffi = await import("koffi");
  const libc = koffi.load(null);
  const calls: SystemCalls = {
    socket: libc.func("int socket(int family, int type, int protocol)"),
    setsockopt: libc.func("int setsockopt(int fd, int level, int option, void *value, uint32_t size)"),
    bind: libc.func("int bind(int fd, void *address, uint32_t size)"),
    connect: libc.func("int connect(int fd, void *address, uint32_t size)"),
    getsockname: libc.func("int getsockname(int fd, void *address, void *size)"),
    recvmmsg: libc.func("int recvmmsg(int fd, void *headers, unsigned int count, int flags, void *timeout)"),
    sendmmsg: libc.func("int sendmmsg(int fd, void *headers, unsigned int count, int flags)"),
    close: libc.func("int close(int fd)"),
    errno: () => koffi.errno(),
    addressOf: buffer => koffi.address(buffer),
    // The type declaration leaves the first argument of the callback out.
    watch: (fd, events, ready) => koffi.node.poll(fd, events, ready as never) as unknown as Watch,
  };
  assertUsable(calls);
  return calls;
}

/** Where there is nothing to read from, a call that is allowed finds no such descriptor (EBADF). */
export function assertUsable(calls: SystemCalls): void {
  for (const [name, call] of [
    ["recvmmsg", () => calls.recvmmsg(-1, 0n, 1, 0, null)],
    ["sendmmsg", () => calls.sendmmsg(-1, 0n, 1, 0)],
  ] as const) {
    const errno = call() < 0 ? calls.errno() : 0;
    if (errno !== errors.EBADF) throw systemError(name, errno, "on no descriptor");
  }
}

/** As node's own sockets have it: `code` such as EADDRINUSE, and a message that begins with the name of the call. */
export function systemError(syscall: string, errno: number, where: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const message = `${syscall} ${code}: ${getSystemErrorMessage(-errno)} ${where}`;
  return Object.assign(new Error(message), { code, errno: -errno, syscall });
}
