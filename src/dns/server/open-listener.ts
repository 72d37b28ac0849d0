/** One address and port of the plan, open: UDP and TCP together, or one encrypted transport. */

import type { Logger } from "pino";
import { AnswerShortcut } from "./answer-shortcut.ts";
import type { HttpsListener } from "./https.ts";
import { listenHttps } from "./https.ts";
import type { ListenPlan } from "./listen-plan.ts";
import type { Listener, UDPKind, UDPListener } from "./listener.ts";
import { assertFree, isWildcard, overlap, sharesPorts } from "./port-sharing.ts";
import type { PreparedAnswers } from "./prepared-answers.ts";
import { createResponder, type ResponderOptions } from "./responder.ts";
import type { Router } from "./router.ts";
import { createRouter } from "./router.ts";
import type { StreamListener } from "./tcp.ts";
import { listenTcp } from "./tcp.ts";
import type { UDPSockets } from "./udp.ts";

export interface ListenerHooks extends Pick<ResponderOptions, "onFault"> {
  onDropped(server: string, dropped: Parameters<ResponderOptions["onDropped"]>[0]): void;
  onHttpsStatus(server: string, status: number): void;
  readonly udp: UDPSockets;
  /** What is answered from it; undefined: every query is answered anew. */
  readonly prepared: PreparedAnswers | undefined;
  /** Undefined in the first process: its ports have to be free. */
  readonly group?: PortGroup | undefined;
  readonly log: Logger;
}

/** What another process has opened, for one more to share. */
export interface PortGroup {
  /** Where it listens, by the key of the plan; undefined where it does not. */
  portOf(key: string): number | undefined;
  /**
   * Resolves when this process knows what the first one knew when it began to answer: a socket of the group gets its
   * share of all queries from the moment it is there, and the others would have answered them better.
   */
  untilFit(): Promise<void>;
}

/** Why an address of the plan cannot be listened on. */
export class DNSListenError extends Error {
  override readonly name = "DNSListenError";
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string, cause: unknown) {
    super(`${what}: ${remedy}`, { cause });
    this.what = what;
    this.remedy = remedy;
  }
}

/** A port that is free for TCP may be taken for UDP; another is tried this many times. */
const portAttempts = 10;

export class OpenListener {
  /** By which it was opened: what its sockets are. */
  readonly opened: ListenPlan;
  #plan: ListenPlan;
  #router: Router;
  #sockets: readonly (Listener & Partial<StreamListener & HttpsListener & UDPListener>)[] = [];

  private constructor(plan: ListenPlan) {
    this.opened = plan;
    this.#plan = plan;
    this.#router = createRouter(plan.sites);
  }

  /** Throws DNSListenError when the address cannot be had. `besides` are the server's own that may have it, too. */
  static async open(
    plan: ListenPlan,
    hooks: ListenerHooks,
    besides: readonly OpenListener[],
  ): Promise<OpenListener> {
    const listener = new OpenListener(plan);
    const isOwn = besides.some(
      ({ opened }) => opened.port === plan.port && overlap(opened.address, plan.address),
    );
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (sharesPorts && !isOwn && plan.port !== 0 && hooks.group === undefined) {
          await assertFree(plan.address, plan.port, plan.scheme === "dns" ? "tcp+udp" : "tcp");
        }
        listener.#sockets = await listener.#listen(hooks);
        return listener;
      } catch (error) {
        const isChanceConflict = plan.port === 0 && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
        if (!isChanceConflict || attempt === portAttempts) throw listenError(plan, error);
      }
    }
  }

  /** By which it answers. */
  get plan(): ListenPlan {
    return this.#plan;
  }

  get port(): number {
    return this.#sockets[0]?.port ?? this.#plan.port;
  }

  /** How it reads UDP; undefined when it does not. */
  get udpKind(): UDPKind | undefined {
    return this.#sockets.find(({ kind }) => kind !== undefined)?.kind;
  }

  /** The next query is answered by the new plan; nothing on the way is lost. */
  follow(plan: ListenPlan): void {
    this.#plan = plan;
    this.#router = createRouter(plan.sites);
    const { tls, maxHttpsConnections } = plan;
    for (const socket of this.#sockets) {
      if (this.opened.tls !== undefined && tls !== undefined) socket.setTls?.(tls);
      socket.setMaxConnections?.(maxHttpsConnections);
    }
  }

  /** Whether queries to this listener reach the one of the plan when this is closed. */
  hasHeirIn({ scheme, port, address }: ListenPlan): boolean {
    return (
      scheme === this.opened.scheme && port === this.opened.port && overlap(address, this.opened.address)
    );
  }

  /** Whether this can stay open as a part of its heir, which listens on all addresses. */
  isPartOf({ address, tls }: ListenPlan): boolean {
    return isWildcard(address) && tls?.clientAuth === this.opened.tls?.clientAuth;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map(socket => socket.close()));
  }

  async #listen(hooks: ListenerHooks): Promise<readonly Listener[]> {
    const { key, scheme, address, server, tls, maxHttpsConnections } = this.#plan;
    const { log, onFault, prepared, group } = hooks;
    const port = group?.portOf(key) ?? this.#plan.port;
    const shortcut =
      prepared === undefined || scheme !== "dns" ? undefined : new AnswerShortcut({ prepared, onFault, log });
    const respond = createResponder({
      router: () => this.#router,
      server,
      onDropped: dropped => hooks.onDropped(server, dropped),
      onFault,
      shortcut,
      log,
    });
    const options = { address, port, respond, shortcut, sharesQueries: group !== undefined, log, tls };
    const timeouts = () => this.#plan.timeouts;
    if (scheme === "https") {
      const onStatus = (status: number) => hooks.onHttpsStatus(server, status);
      return [await listenHttps({ ...options, timeouts, maxConnections: maxHttpsConnections, onStatus })];
    }
    const tcp = await listenTcp({ ...options, timeouts });
    if (scheme === "tls") return [tcp];
    try {
      return [tcp, await hooks.udp.listen({ ...options, port: tcp.port })];
    } catch (error) {
      await tcp.close();
      throw error;
    }
  }
}

function listenError({ address, port }: ListenPlan, error: unknown): DNSListenError {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = `cannot listen for DNS on ${address} port ${port}`;
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
