/** DNS over UDP, by whichever listener this machine can have. */

import type { Logger } from "pino";
import { isKnownMachine } from "./datagrams/linux-layout.ts";
import { loadSystemCalls, type SystemCalls } from "./datagrams/system-calls.ts";
import type { ListenOptions, UDPKind, UDPListener } from "./listener.ts";
import { listenBatched } from "./udp-batched.ts";
import { listenPortable } from "./udp-portable.ts";

/** Opens the UDP sockets of a server, all in the same way, which is chosen when the first is opened. */
export class UDPSockets {
  readonly #wanted: UDPKind | undefined;
  readonly #load: () => Promise<SystemCalls>;
  readonly #log: Logger;
  #calls: Promise<SystemCalls | undefined> | undefined;

  /** Without a wish: batched where it can be had. */
  constructor(wanted: UDPKind | undefined, log: Logger, load = loadSystemCalls) {
    this.#wanted = wanted;
    this.#load = load;
    this.#log = log;
  }

  /** Rejects with the system's error, or because what is wanted cannot be had. */
  async listen(options: ListenOptions): Promise<UDPListener> {
    this.#calls ??= this.#choose();
    const calls = await this.#calls;
    return calls === undefined ? listenPortable(options) : listenBatched(calls, options);
  }

  /** Undefined: the portable ones. Tells which, once. */
  async #choose(): Promise<SystemCalls | undefined> {
    const { platform, arch } = process;
    if (this.#wanted === "portable") return this.#tellPortable("it is what was asked for", "info");
    if (!isKnownMachine(platform, arch)) return this.#giveUp(`not for ${platform}/${arch}`, "info");
    try {
      const calls = await this.#load();
      this.#log.info("UDP listener: batched, by recvmmsg and sendmmsg");
      return calls;
    } catch (error) {
      // Half as fast, and a socket for all addresses answers from the wrong one where there are several.
      return this.#giveUp((error as Error).message.split("\n", 1)[0] ?? "", "warn");
    }
  }

  #giveUp(why: string, level: "info" | "warn"): undefined {
    const reason = `batches cannot be had: ${why}`;
    if (this.#wanted === "batched") throw new Error(reason);
    return this.#tellPortable(reason, level);
  }

  #tellPortable(why: string, level: "info" | "warn"): undefined {
    this.#log[level](`UDP listener: portable; ${why}`);
  }
}
