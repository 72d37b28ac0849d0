/** System calls of the load generator, beside those of the batched listener: it waits in the kernel, to the microsecond. */

import { loadSystemCalls, type SystemCalls } from "../../../src/dns/server/datagrams/system-calls.ts";

export interface LoadCalls extends SystemCalls {
  connect(fd: number, address: Uint8Array, sizeBytes: number): number;
  ppoll(descriptors: Uint8Array, count: number, timeout: Uint8Array, signals: null): number;
}

/** prctl(2): how much later than asked for the kernel may wake this thread, in nanoseconds. */
const PR_SET_TIMERSLACK = 29;

/** Rejects when koffi or its binary for this machine is not there. */
export async function loadCalls(): Promise<LoadCalls> {
  const calls = await loadSystemCalls();
  const koffi = await import("koffi");
  const libc = koffi.load(null);
  const prctl = libc.func("int prctl(int option, unsigned long value)");
  prctl(PR_SET_TIMERSLACK, 1);
  return {
    ...calls,
    connect: libc.func("int connect(int fd, void *address, uint32_t size)"),
    ppoll: libc.func("int ppoll(void *descriptors, unsigned long count, void *timeout, void *signals)"),
  };
}
