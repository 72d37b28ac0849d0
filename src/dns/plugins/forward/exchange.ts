/** Octets to an upstream and back, over whichever transport it speaks. */

import { connect } from "node:net";
import { ConnectionPool } from "./connection-pool.ts";
import { formatEndpoint } from "./destination.ts";
import { TlsConnector } from "./transport-tls.ts";
import { HttpsUpstream } from "./upstream-https.ts";
import { UdpUpstream } from "./upstream-udp.ts";

export { ExchangeError, type ExchangeErrorCode } from "./exchange-error.ts";

/** Sends one query to one upstream and resolves with its reply. */
export interface UpstreamExchange {
  /**
   * `query`: a whole DNS message, which is not changed. The reply has the query's id and the query's question octets
   * (letter case as sent by the client); it belongs to the caller. `over` matters for `dns` only; a truncated reply is
   * passed on as it is. Rejects with ExchangeError only.
   */
  exchange(query: Uint8Array, over: "udp" | "tcp", timeoutMs: number): Promise<Uint8Array>;
  /** Closes idle connections now, used ones when they are done. */
  close(): void;
}

/** PEM texts. Without `ca` the certificates that node trusts are. */
export interface UpstreamTls {
  /** Whom the certificate has to name; without it, the address. */
  readonly serverName?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface UpstreamTarget {
  /** UDP and TCP; TLS (RFC 7858); HTTPS (RFC 8484). */
  readonly transport: "dns" | "tls" | "https";
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
  readonly tls?: UpstreamTls;
  readonly sourceAddress?: string;
  /** POST by default. */
  readonly dohMethod?: "GET" | "POST";
  /** `/dns-query` by default. */
  readonly path?: string;
}

export interface ExchangeOptions {
  /** How long a connection is kept idle. */
  readonly expireMs: number;
  /** How long one is used at all; 0: no limit. */
  readonly maxAgeMs: number;
  /** How many are kept; 0: no limit. */
  readonly maxIdleConnections: number;
  /** Mixes the case of letters in names sent over UDP, which makes replies harder to forge; by default not on loopback. */
  readonly mixesCase?: boolean;
  readonly onConnection?: (event: {
    readonly isReused: boolean;
    readonly over: "udp" | "tcp" | "tls";
  }) => void;
}

/** Connects when there is something to send. Throws ExchangeError TLS when a certificate, key or CA is unusable. */
export function openUpstream(target: UpstreamTarget, options: ExchangeOptions): UpstreamExchange {
  const peer = formatEndpoint(target.address, target.port);
  switch (target.transport) {
    case "dns":
      return openDns(target, peer, options);
    case "tls":
      return openTls(target, peer, options);
    case "https": {
      const https = new HttpsUpstream(target, peer, options);
      return {
        exchange: (query, _over, timeoutMs) => https.exchange(query, timeoutMs),
        close: () => https.close(),
      };
    }
  }
}

function openDns(target: UpstreamTarget, peer: string, options: ExchangeOptions): UpstreamExchange {
  const { address: host, port, sourceAddress } = target;
  const local = sourceAddress === undefined ? {} : { localAddress: sourceAddress };
  const udp = new UdpUpstream(target, peer, options);
  const tcp = new ConnectionPool(peer, "tcp", () => connect({ host, port, ...local }), options);
  return {
    exchange: (query, over, timeoutMs) => (over === "udp" ? udp : tcp).exchange(query, timeoutMs),
    close: () => {
      udp.close();
      tcp.close();
    },
  };
}

function openTls(target: UpstreamTarget, peer: string, options: ExchangeOptions): UpstreamExchange {
  const connector = new TlsConnector(target, peer);
  const pool = new ConnectionPool(peer, "tls", () => connector.open(), options);
  return {
    exchange: (query, _over, timeoutMs) => pool.exchange(query, timeoutMs),
    close: () => pool.close(),
  };
}
