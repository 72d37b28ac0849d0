/** TLS to an upstream, for DoT (RFC 7858 §3.2, RFC 8310 §8.1) and DoH (RFC 8484 §5.1). */

import { isIP, isIPv6 } from "node:net";
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import type { UpstreamTarget } from "./exchange.ts";
import { ExchangeError } from "./exchange-error.ts";

/** Opens connections with one context, which is costly to make, and one session, which shortens the next handshake. */
export class TlsConnector {
  readonly #target: UpstreamTarget;
  readonly #context: SecureContext;
  readonly #protocols: readonly string[];
  #session: Buffer | undefined;

  /** `protocols`: offered by ALPN (RFC 7301). Throws ExchangeError TLS when a PEM is unusable. */
  constructor(target: UpstreamTarget, peer: string, protocols: readonly string[] = []) {
    this.#target = target;
    this.#context = createContext(target, peer);
    this.#protocols = protocols;
  }

  /** The certificate has to name this: the server's name where one is configured, else its address. */
  get identity(): string {
    return this.#target.tls?.serverName ?? this.#target.address;
  }

  /** As HTTP names the server (RFC 9110 §4.2.2). */
  get authority(): string {
    const host = isIPv6(this.identity) ? `[${this.identity}]` : this.identity;
    return this.#target.port === 443 ? host : `${host}:${this.#target.port}`;
  }

  open(): TLSSocket {
    const { address, port, sourceAddress } = this.#target;
    const { identity } = this;
    const socket = connect({
      host: address,
      port,
      ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
      secureContext: this.#context,
      ...(this.#session === undefined ? {} : { session: this.#session }),
      ...(this.#protocols.length === 0 ? {} : { ALPNProtocols: [...this.#protocols] }),
      // RFC 6066 §3: server names are host names, no addresses; node refuses those.
      ...(isIP(identity) === 0 ? { servername: identity } : {}),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(identity, certificate),
    });
    socket.on("session", session => {
      this.#session = session;
    });
    return socket;
  }
}

function createContext({ tls = {} }: UpstreamTarget, peer: string): SecureContext {
  const { ca, cert, key } = tls;
  try {
    return createSecureContext({
      minVersion: "TLSv1.2",
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    throw new ExchangeError("TLS", `certificate, key or CA for ${peer}: ${(error as Error).message}`);
  }
}
