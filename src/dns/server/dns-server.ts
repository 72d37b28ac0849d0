/** The DNS server's life: all its listeners on one port, or none. */

import type { Logger } from "pino";
import type { Listener } from "./listener.ts";
import type { Respond } from "./responder.ts";
import { listenTcp } from "./tcp.ts";
import { listenUdp } from "./udp.ts";

export interface DNSServerOptions {
  /** IP addresses to listen on, UDP and TCP each. */
  readonly addresses: readonly string[];
  /** 0 takes a port that is free on both. */
  readonly port: number;
  readonly respond: Respond;
  readonly log: Logger;
}

export interface DNSServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Why the server does not listen: `what` went wrong and the `remedy`. */
export class DNSListenError extends Error {
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string, cause: unknown) {
    super(`${what}: ${remedy}`, { cause });
    this.name = "DNSListenError";
    this.what = what;
    this.remedy = remedy;
  }
}

/** A port that is free for TCP may be taken for UDP; another is tried this many times. */
const portAttempts = 10;

/**
 * Listens on every address, UDP and TCP.
 *
 * @throws DNSListenError when one of them cannot be had; the others are closed again
 */
export async function startDNSServer(options: DNSServerOptions): Promise<DNSServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(options);
    } catch (error) {
      const isChanceConflict = options.port === 0 && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isChanceConflict || attempt === portAttempts) throw listenError(options, error);
    }
  }
}

async function listenOnce({ addresses, port, respond, log }: DNSServerOptions): Promise<DNSServer> {
  const listeners: Listener[] = [];
  const close = async () => {
    await Promise.all(listeners.map(listener => listener.close()));
  };
  try {
    for (const address of addresses) {
      listeners.push(await listenTcp(address, listeners[0]?.port ?? port, respond, log));
      listeners.push(await listenUdp(address, listeners[0]?.port ?? port, respond, log));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { port: listeners[0]?.port ?? port, close };
}

function listenError({ addresses, port }: DNSServerOptions, error: unknown): DNSListenError {
  const { code, message, address } = error as NodeJS.ErrnoException & { address?: string };
  const what = `cannot listen for DNS on ${address ?? addresses.join(", ")} port ${port}`;
  switch (code) {
    case "EACCES":
      return new DNSListenError(
        `${what}: the port needs a privilege`,
        "choose one above 1023 or grant NET_BIND_SERVICE",
        error,
      );
    case "EADDRINUSE":
      return new DNSListenError(
        `${what}: something else does`,
        "end that program or choose another port",
        error,
      );
    case "EADDRNOTAVAIL":
      return new DNSListenError(`${what}: this machine has no such address`, "choose one that it has", error);
    default:
      return new DNSListenError(`${what}: ${message}`, "choose another address or port", error);
  }
}
