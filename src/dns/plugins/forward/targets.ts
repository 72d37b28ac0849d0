/** Words behind a `forward`'s FROM → addresses to ask: files are read, host names looked up, once at the start. */

import { lookup, Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Word } from "../../corefile/syntax.ts";
import type { PluginHost } from "../plugin.ts";
import { PluginStartError } from "../plugin.ts";
import type { Destination } from "./destination.ts";
import { formatEndpoint, transportPorts } from "./destination.ts";
import type { UpstreamTarget, UpstreamTls } from "./exchange.ts";
import type { ForwardConfig, TlsFiles } from "./forward-config.ts";
import { maxUpstreams } from "./forward-config.ts";
import { parseResolvConf } from "./resolv-conf.ts";

export interface Target extends UpstreamTarget {
  /** The file that names it, such as /etc/resolv.conf. */
  readonly file?: string;
}

export interface FoundTargets {
  /** At least one, each once. */
  readonly targets: readonly Target[];
  /** Paths of the files that name some of them. */
  readonly files: readonly string[];
}

type Address = Pick<Target, "address" | "port" | "file"> & { readonly serverName?: string };

/** How long a `resolver` may take for one try. */
const resolverTimeoutMs = 2_000;

/** Throws PluginStartError where nobody can be asked, or not the way it is written. */
export async function findTargets(config: ForwardConfig, host: PluginHost): Promise<FoundTargets> {
  const files = await readTlsFiles(config.tls, host);
  const targets = new Map<string, Target>();
  for (const destination of config.destinations) {
    for (const address of await addressesOf(destination, config, host)) {
      const target = targetOf(address, destination, config, files);
      targets.set(`${target.transport}://${formatEndpoint(target.address, target.port)}`, target);
    }
  }
  const found = [...targets.values()];
  if (found.length > maxUpstreams) {
    throw new PluginStartError(
      config.at,
      `forward finds ${found.length} upstreams and takes ${maxUpstreams} at most`,
      "write fewer addresses, or shorten the file that lists them",
    );
  }
  if (found.length === 0) {
    throw new PluginStartError(
      config.at,
      `${config.destinations.map(({ path }) => path).join(", ")} names no upstream`,
      "add a line such as `nameserver 10.0.0.10` to the file, or write an address behind forward",
    );
  }
  return { targets: found, files: [...new Set(found.flatMap(({ file }) => file ?? []))] };
}

async function addressesOf(
  destination: Destination,
  config: ForwardConfig,
  host: PluginHost,
): Promise<readonly Address[]> {
  const { isAddress, host: name, port } = destination;
  if (isAddress) return [{ address: name, port }];
  const path = host.path(destination.path);
  const text = await readFileIfThere(path, destination.word);
  if (text !== undefined) {
    const port = transportPorts[destination.transport];
    return parseResolvConf(text).map(address => ({ address, port, file: path }));
  }
  if (destination.path.includes("/")) throw cannotRead(destination.word, path, "there is no such file");
  const addresses = await lookUpHost(destination, config.resolvers);
  return addresses.map(address => ({ address, port, serverName: name }));
}

function targetOf(
  { address, port, file, serverName }: Address,
  destination: Destination,
  config: ForwardConfig,
  files: UpstreamTls,
): Target {
  const { transport } = destination;
  const { sourceAddress, dohMethod, tlsServerName } = config;
  const name = destination.serverName ?? tlsServerName?.text ?? serverName;
  return {
    ...{ transport, address, port },
    ...(transport !== "dns" && { tls: { ...files, ...(name !== undefined && { serverName: name }) } }),
    ...(transport === "https" && { dohMethod }),
    ...(sourceAddress !== undefined && { sourceAddress }),
    ...(file !== undefined && { file }),
  };
}

/** Addresses of a host: those of IPv4 first where `resolver` servers are asked, else in the system's order. */
async function lookUpHost(
  { host, word }: Destination,
  resolvers: readonly string[],
): Promise<readonly string[]> {
  try {
    if (resolvers.length === 0) {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    }
    const resolver = new Resolver({ timeout: resolverTimeoutMs, tries: 1 });
    resolver.setServers(resolvers);
    const families = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = families.flatMap(family => (family.status === "fulfilled" ? family.value : []));
    if (addresses.length > 0) return addresses;
    throw families.find(family => family.status === "rejected")?.reason ?? new Error("it has none");
  } catch (error) {
    throw new PluginStartError(
      word.at,
      `${host} is no file, and as the name of a host it has no address: ${textOf(error)}`,
      "correct the name, write an IP address, or name a server that knows it with the option resolver",
      error,
    );
  }
}

async function readTlsFiles(tls: TlsFiles | undefined, host: PluginHost): Promise<UpstreamTls> {
  const read = async (word: Word | undefined) => {
    if (word === undefined) return undefined;
    const path = host.path(word.text);
    const text = await readFileIfThere(path, word);
    if (text === undefined) throw cannotRead(word, path, "there is no such file");
    return text;
  };
  const [ca, cert, key] = await Promise.all([read(tls?.ca), read(tls?.cert), read(tls?.key)]);
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const first = tls?.cert ?? tls?.ca;
  if (first === undefined) return files;
  try {
    createSecureContext(files);
  } catch (error) {
    throw new PluginStartError(
      first.at,
      `the files of tls do not fit: ${textOf(error)}`,
      "name a PEM certificate, the key made for it, and a PEM file of authorities",
      error,
    );
  }
  return files;
}

async function readFileIfThere(path: string, word: Word): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cannotRead(word, path, textOf(error), error);
  }
}

function cannotRead(word: Word, path: string, why: string, cause?: unknown): PluginStartError {
  return new PluginStartError(
    word.at,
    `${path} cannot be read: ${why}`,
    "correct the path, or make the file readable for this process",
    cause,
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
