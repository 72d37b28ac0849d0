/**
 * Which API server to talk to and how to say who we are.
 *
 * `@kubernetes/client-node` reads kubeconfig files and makes the credentials (client certificates, tokens, exec
 * plugins; what it does to renew an expired OIDC token fails). Its class for that pulls in the whole generated API, some 60 MB of resident memory unless a bundler
 * drops it, so it is loaded only when a cluster is asked for.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { checkServerIdentity } from "node:tls";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import { parse } from "yaml";

export type AccessSource = ConfiguredCluster | Endpoint;

/** Without a file: `$KUBECONFIG`, else `~/.kube/config`, else the service account of the Pod we run in, as kubectl does. */
interface ConfiguredCluster {
  readonly file?: string | undefined;
  /** Without one: the file's current context. */
  readonly context?: string | undefined;
}

/** A bare URL, with client certificate and CA as file names. */
interface Endpoint {
  readonly endpoint: string;
  readonly tls?: TlsFiles | undefined;
}

interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** Access that cannot work before somebody changes a file or a flag: `what` is wrong, where, and the `remedy`. */
class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
  readonly what: string;
  readonly remedy: string;
  /** Bad configuration. */
  readonly exitCode = 2;

  constructor(where: string, what: string, remedy: string) {
    super(`${where}: ${what}; ${remedy}`);
    this.what = `${where}: ${what}`;
    this.remedy = remedy;
  }
}

/** An API server and the credentials for it. */
export interface ApiAccess {
  /** URL as configured, without a trailing slash; may have a path. */
  readonly server: string;
  /**
   * TLS options and headers for one request. Reads token and certificate files again and runs exec plugins when
   * their time has come, and rejects when that fails.
   */
  credentials(): Promise<RequestOptions>;
  /** Drops cached tokens by reading the configuration again: what to do after a 401. */
  renew(): Promise<void>;
}

/** Where the default files are; tests have their own. */
export interface Directories {
  /** Holds `.kube/config`; "" when there is none. */
  readonly home: string;
  /** Put before the paths of a Pod's service account. */
  readonly root: string;
}

/** A container's user may have no home at all, and needs none. */
function homeOrNone(): string {
  try {
    return homedir();
  } catch {
    return "";
  }
}

/** Reads the configuration once; throws `KubeconfigError` when it cannot be used. */
export async function openAccess(
  source: AccessSource = {},
  directories: Directories = { home: homeOrNone(), root: "" },
): Promise<ApiAccess> {
  let config = await loadConfig(source, directories);
  return {
    server: clusterOf(config).server,
    async credentials() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      // The agent it made has no keep-alive; only a proxy needs it.
      const { server, proxyUrl, tlsServerName } = clusterOf(config);
      if (proxyUrl === undefined) delete options.agent;
      // The agent for SOCKS tells TLS no name for a server that is an address, and "localhost" is what is compared then.
      const name = tlsServerName ?? new URL(server).hostname.replace(/^\[|\]$/g, "");
      if (proxyUrl?.startsWith("socks") === true) {
        options.checkServerIdentity = (_, certificate) => checkServerIdentity(name, certificate);
      }
      return options;
    },
    async renew() {
      config = await loadConfig(source, directories);
    },
  };
}

async function loadConfig(source: AccessSource, { home, root }: Directories): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  if ("endpoint" in source) return useEndpoint(config, source);
  const { file, context } = source;
  if (file !== undefined) {
    await addFile(config, file);
    if (config.clusters.length === 0) throw notAKubeconfig(file, "holds no clusters");
    return selectContext(config, file, context);
  }

  const named = (process.env.KUBECONFIG ?? "").split(delimiter).filter(path => path !== "");
  const usual = home === "" ? [] : [join(home, ".kube", "config")];
  const candidates = named.length > 0 ? named : usual;
  const files = candidates.filter(path => existsSync(path));
  if (files.length > 0) {
    for (const path of files) await addFile(config, path);
    return selectContext(config, files.join(", "), context);
  }
  if (process.env.KUBERNETES_SERVICE_HOST) return useServiceAccount(config, root);
  throw new KubeconfigError(
    candidates.join(", "),
    "no such file",
    "set KUBECONFIG or pass a kubeconfig file",
  );
}

/** Adds the entries of one file. Of entries with the same name the first stays, also of current contexts. */
async function addFile(config: KubeConfig, file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const what = error.code === "ENOENT" ? "no such file" : error.message;
    throw new KubeconfigError(file, what, "pass the path of a readable kubeconfig file");
  });
  const directory = resolve(dirname(file));
  const loaded = new (config.constructor as typeof KubeConfig)();
  try {
    const raw = parse(text) as RawKubeconfig | null;
    // Of several files, some may be empty or hold users only.
    if (raw === null) return;
    if (typeof raw !== "object") throw new Error("is not a mapping");
    const { newClusters, newContexts, newUsers } = await import(
      "@kubernetes/client-node/dist/config_types.js"
    );
    // As `loadFromString` would, of what has been parsed already.
    loaded.loadFromOptions({
      clusters: newClusters(raw.clusters),
      contexts: newContexts(raw.contexts),
      users: newUsers(raw.users),
      currentContext: raw["current-context"],
    });
    loaded.users = loaded.users.map(user => withTokenFile(withPluginPath(user, directory), raw, directory));
  } catch (error) {
    const [what = ""] = (error as Error).message.split(/:?\n/, 1);
    throw notAKubeconfig(file, what);
  }
  loaded.makePathsAbsolute(directory);
  config.clusters = firstOfEachName(config.clusters, loaded.clusters);
  config.users = firstOfEachName(config.users, loaded.users);
  config.contexts = firstOfEachName(config.contexts, loaded.contexts);
  config.currentContext ||= loaded.currentContext;
}

function notAKubeconfig(file: string, what: string): KubeconfigError {
  return new KubeconfigError(file, what, "give it the form of a kubeconfig");
}

/** As kubectl has it: a plugin given by a path is found from the file's folder, one given by name on the PATH. */
function withPluginPath(user: User, directory: string): User {
  const command: unknown = user.exec?.command;
  if (typeof command !== "string" || !command.includes("/")) return user;
  return { ...user, exec: { ...user.exec, command: resolve(directory, command) } };
}

interface RawKubeconfig {
  readonly clusters?: unknown;
  readonly contexts?: unknown;
  readonly "current-context"?: string;
  readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
}

/** The kubeconfig of kubeadm's kube-proxy names its token by `tokenFile`, a field that client-node does not read. */
function withTokenFile(user: User, raw: RawKubeconfig, directory: string): User {
  const path = raw.users?.find(entry => entry.name === user.name)?.user?.tokenFile;
  if (path === undefined) return user;
  const { token: _token, ...others } = user;
  const config = { tokenFile: resolve(directory, path) };
  return { ...others, authProvider: { name: "tokenFile", config } };
}

function selectContext(config: KubeConfig, where: string, wanted: string | undefined): KubeConfig {
  const fail = (what: string, remedy: string) => new KubeconfigError(where, what, remedy);
  const names = config.contexts.map(context => context.name).join(", ") || "none";
  const name = wanted ?? config.currentContext;
  if (!name) throw fail("no current-context", `choose one of its contexts: ${names}`);
  const context = config.getContextObject(name);
  if (context === null) throw fail(`no context "${name}"`, `choose one of its contexts: ${names}`);
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) throw fail(`no cluster "${context.cluster}"`, `context "${name}" needs it`);
  const user = config.getUser(context.user);
  if (user === null && context.user) throw fail(`no user "${context.user}"`, `context "${name}" needs it`);
  return useCluster(config, cluster, user ?? anonymous, where);
}

function useServiceAccount(config: KubeConfig, root: string): KubeConfig {
  config.loadFromCluster(root);
  const cluster = clusterOf(config);
  const user = config.getCurrentUser() as User;
  const { tokenFile } = user.authProvider.config as { tokenFile: string };
  if (!existsSync(tokenFile)) {
    const remedy = "mount a service account token into the Pod, or pass a kubeconfig file";
    throw new KubeconfigError(tokenFile, "no such file", remedy);
  }
  return useCluster(config, cluster, user, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
}

function useEndpoint(config: KubeConfig, { endpoint, tls }: Endpoint): KubeConfig {
  const cluster: Cluster = { name: "endpoint", server: endpoint.replace(/\/+$/, ""), skipTLSVerify: false };
  if (tls === undefined) return useCluster(config, cluster, anonymous, endpoint);
  const { caFile, certFile, keyFile } = tls;
  return useCluster(config, { ...cluster, caFile }, { name: "endpoint", certFile, keyFile }, endpoint);
}

const anonymous: User = { name: "anonymous" };

/**
 * Leaves exactly one cluster and one user in the configuration. client-node wants `skipTLSVerify` before it talks
 * plain http, and applies the cluster's CA only when there is a user.
 */
function useCluster(config: KubeConfig, cluster: Cluster, user: User, where: string): KubeConfig {
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    throw new KubeconfigError(where, `"${cluster.server}" is no server URL`, "write it as https://host:port");
  }
  const skipTLSVerify = cluster.skipTLSVerify || cluster.server.startsWith("http:");
  config.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, user);
  return config;
}

function clusterOf(config: KubeConfig): Cluster {
  return config.getCurrentCluster() as Cluster;
}

function firstOfEachName<T extends { readonly name: string }>(known: readonly T[], added: readonly T[]): T[] {
  return [...known, ...added.filter(entry => !known.some(other => other.name === entry.name))];
}
