/** The words behind a `forward`'s FROM: addresses, and names that only the start can tell apart as files and hosts. */

import { isIP, isIPv6 } from "node:net";
import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { parseName } from "../../wire/name.ts";
import { WireError } from "../../wire/wire-error.ts";

export const transportPorts = { dns: 53, tls: 853, https: 443 } as const;
type Transport = keyof typeof transportPorts;

/** `[dns://|tls://|https://]HOST[%SERVER-NAME][:PORT]` */
export interface Destination {
  readonly transport: Transport;
  readonly isAddress: boolean;
  /** An IP address, or what may be a host's name. */
  readonly host: string;
  readonly port: number;
  /** Whom the certificate has to name. */
  readonly serverName: string | undefined;
  /** Without the scheme: a file such as /etc/resolv.conf, unless it is an address. */
  readonly path: string;
  readonly word: Word;
}

/** Undefined for a word that cannot be asked; the reason is reported. */
export function readDestination(word: Word, reading: Reading): Destination | undefined {
  const [, scheme = "dns", path = ""] = /^(?:([a-z0-9]+):\/\/)?(.*)$/s.exec(word.text) ?? [];
  if (!isTransport(scheme)) {
    reading.wrongValue(word, `forward does not speak ${scheme}`, "use dns://, tls:// or https://");
    return undefined;
  }
  if (scheme === "https" && path.includes("/")) {
    reading.wrongValue(
      word,
      `"${word.text}" has a path, and the path is always /dns-query`,
      "remove the path",
    );
    return undefined;
  }
  const parts = splitHost(path);
  const { host, serverName, port = transportPorts[scheme] } = parts ?? { host: path, serverName: undefined };
  const isAddress = !host.includes("/") && isIP(host) !== 0;
  if (!isAddress && !path.includes("/") && !isHostName(host)) {
    reading.wrongValue(
      word,
      `"${word.text}" is neither an IP address nor a file nor the name of a host`,
      "write an address such as 10.0.0.10, 10.0.0.10:5353 or [fd00::a]:53, or a file such as /etc/resolv.conf",
    );
    return undefined;
  }
  if (port === 0 || port > 65535) {
    // CoreDNS starts with it and never reaches it.
    reading.report("COREFILE_RISKY", word.at, `there is no port ${port}`, "write a port from 1 to 65535");
    return undefined;
  }
  return { transport: scheme, isAddress, host, port, serverName, path, word };
}

/** `ADDRESS:PORT`, with brackets around IPv6: how metrics and messages name an upstream. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function isTransport(text: string): text is Transport {
  return Object.hasOwn(transportPorts, text);
}

interface HostParts {
  readonly host: string;
  readonly serverName: string | undefined;
  readonly port: number | undefined;
}

/** `HOST[%NAME][:PORT]`, IPv6 in brackets or, without a port, bare; undefined for text of another form. */
export function splitHost(text: string): HostParts | undefined {
  const [bare = "", zone] = text.split("%", 2);
  // Nothing asks for IPv6 where there is no colon: the first time, Node.js compiles 5 ms for it.
  const match =
    /^\[([^\]%]+)(?:%([^\]]*))?\](?::(\d+))?$/.exec(text) ??
    (bare.includes(":") && isIPv6(bare)
      ? [text, bare, ...(/^([^:]*)(?::(\d+))?$/.exec(zone ?? "") ?? []).slice(1)]
      : /^([^%:]+)(?:%([^:]*))?(?::(\d+))?$/.exec(text));
  if (match === null) return undefined;
  const [, host = "", serverName, port] = match;
  return { host, serverName: serverName || undefined, port: port === undefined ? undefined : Number(port) };
}

/** A name whose last label is a number is a mistyped address (RFC 1123 §2.1). */
function isHostName(text: string): boolean {
  try {
    return !/^\d*$/.test(parseName(text).at(-1) ?? "");
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}
