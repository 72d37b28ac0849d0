/** The machine's own system calls, some of which fail when a test wants it. */

import { constants } from "node:os";
import type { SystemCalls } from "../../../../src/dns/server/datagrams/system-calls.ts";
import { loadSystemCalls } from "../../../../src/dns/server/datagrams/system-calls.ts";

type Failing = "recvmmsg" | "sendmmsg" | "setsockopt" | "getsockname";

export class FailingCalls {
  readonly calls: SystemCalls;
  /** Names of those that change what is open or watched, in the order they came. */
  readonly trace: string[] = [];
  /** Sizes of what was given to sendmmsg. */
  readonly sendCounts: number[] = [];
  /** At most as many replies are taken by one call. */
  maxSendCount = Infinity;
  /** No reply is taken. */
  isBlocked = false;
  /** For each open watch, as the kernel would call it. */
  ready: (status: number) => void = () => {};
  readonly #failures: { readonly call: Failing; readonly errno: number }[] = [];
  #errno: number | undefined;

  private constructor(real: SystemCalls) {
    this.calls = {
      ...real,
      errno: () => this.#errno ?? real.errno(),
      setsockopt: (...given) => this.#fails("setsockopt") ?? real.setsockopt(...given),
      getsockname: (...given) => this.#fails("getsockname") ?? real.getsockname(...given),
      recvmmsg: (...given) => this.#fails("recvmmsg") ?? real.recvmmsg(...given),
      sendmmsg: (fd, headers, count, flags) => {
        this.sendCounts.push(count);
        const taken = Math.min(count, this.maxSendCount);
        return this.#fails("sendmmsg") ?? real.sendmmsg(fd, headers, taken, flags);
      },
      close: fd => {
        this.trace.push("close");
        return real.close(fd);
      },
      watch: (fd, events, ready) => {
        this.trace.push(`watch ${Object.keys(events)}`);
        this.ready = ready;
        const watch = real.watch(fd, events, ready);
        return {
          start: (next, nextReady) => {
            this.trace.push(`watch ${Object.keys(next)}`);
            watch.start(next, nextReady);
          },
          close: () => {
            this.trace.push("end of watch");
            watch.close();
          },
        };
      },
    };
  }

  static async load(): Promise<FailingCalls> {
    return new FailingCalls(await loadSystemCalls());
  }

  /** The next calls of this name fail, one with each of these. */
  fail(call: Failing, ...errnos: readonly number[]): void {
    for (const errno of errnos) this.#failures.push({ call, errno });
  }

  #fails(call: Failing): number | undefined {
    if (call === "sendmmsg" && this.isBlocked) {
      this.#errno = constants.errno.EAGAIN;
      return -1;
    }
    const index = this.#failures.findIndex(failure => failure.call === call);
    const [failure] = index < 0 ? [] : this.#failures.splice(index, 1);
    this.#errno = failure?.errno;
    return failure === undefined ? undefined : -1;
  }
}
