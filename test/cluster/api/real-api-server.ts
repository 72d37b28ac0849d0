/** A real kube-apiserver with its etcd, on free loopback ports, in a directory of its own; for tests that find one. */

import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeTestCertificate } from "../../support/test-certificate.ts";

interface Programs {
  readonly etcd: string;
  readonly apiServer: string;
}

const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** Who may do nothing until `RealApiServer.bindGuest`. */
export const guest = { kind: "User", name: "guest", apiGroup: "rbac.authorization.k8s.io" };

/** A suite with an API server of its own, which runs while its tests do; skipped with the reason where there is none. */
export function describeWithRealApiServer(
  title: string,
  define: (server: () => RealApiServer) => void,
): void {
  const programs = findPrograms();
  describe(title, { skip: typeof programs === "string" ? programs : false }, () => {
    let server: RealApiServer | undefined;
    before(async () => {
      if (typeof programs !== "string") server = await RealApiServer.start(programs);
    });
    after(() => server?.close());
    define(() => {
      if (server === undefined) throw new Error("the API server has not been started");
      return server;
    });
  });
}

/** Paths of the two programs, or the sentence that says which is missing where. */
function findPrograms(): Programs | string {
  const { KUBEBUILDER_ASSETS = "", PATH = "" } = process.env;
  const directories = [KUBEBUILDER_ASSETS, ...PATH.split(delimiter)].filter(directory => directory !== "");
  const find = (name: string) =>
    directories.map(directory => join(directory, name)).find(path => existsSync(path));
  const [etcd, apiServer] = [find("etcd"), find("kube-apiserver")];
  if (etcd !== undefined && apiServer !== undefined) return { etcd, apiServer };
  const missing = [etcd ?? "etcd", apiServer ?? "kube-apiserver"].filter(name => !name.includes("/"));
  return `${missing.join(" and ")} found neither in $KUBEBUILDER_ASSETS nor in $PATH`;
}

export class RealApiServer {
  readonly url: string;
  readonly #directory: string;
  readonly #programs: Programs;
  readonly #ports: readonly [etcd: number, peer: number, api: number];
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  #etcd: ChildProcess | undefined;
  #apiServer: ChildProcess | undefined;

  private constructor(directory: string, programs: Programs, ports: readonly [number, number, number]) {
    this.#directory = directory;
    this.#programs = programs;
    this.#ports = ports;
    this.url = `https://127.0.0.1:${ports[2]}`;
  }

  static async start(programs: Programs): Promise<RealApiServer> {
    const directory = await mkdtemp(join(tmpdir(), "frontdesk-apiserver-"));
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const server = new RealApiServer(directory, programs, ports);
    try {
      await server.#writeFiles();
      server.#startEtcd();
      await server.startApiServer();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** A kubeconfig file for `admin`, who may do everything, or `guest`, who may do nothing. */
  async kubeconfig(user: "admin" | "guest"): Promise<string> {
    const file = join(this.#directory, `${user}.kubeconfig`);
    const cluster = { server: this.url, "certificate-authority": "tls.crt" };
    const config = {
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user } }],
      clusters: [{ name: "test", cluster }],
      users: [{ name: user, user: { token: `${user}-token` } }],
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  async startApiServer(): Promise<void> {
    const [etcdPort, , port] = this.#ports;
    const at = (name: string): string => join(this.#directory, name);
    this.#apiServer = this.#spawn(this.#programs.apiServer, [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${this.#directory}`,
      `--tls-cert-file=${at("tls.crt")}`,
      `--tls-private-key-file=${at("tls.key")}`,
      "--authorization-mode=RBAC",
      `--token-auth-file=${at("tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${at("sa.key")}`,
      `--service-account-signing-key-file=${at("sa.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--endpoint-reconciler-type=none",
      "--disable-admission-plugins=ServiceAccount",
    ]);
    while (!(await this.#isReady())) await delay(100);
  }

  /** Without any chance to say goodbye. */
  async killApiServer(): Promise<void> {
    await kill(this.#apiServer);
    this.#agent.destroy();
  }

  async close(): Promise<void> {
    await this.killApiServer();
    await kill(this.#etcd);
    await rm(this.#directory, { recursive: true });
  }

  /** One request as `admin`; rejects for anything but success. */
  async send(method: string, path: string, body: object = {}): Promise<void> {
    const { status, text } = await this.#request(method, path, JSON.stringify(body));
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  }

  /** Gives `guest` the rights of a ClusterRole; `name` is that of the binding. */
  async bindGuest(name: string, clusterRole: string): Promise<void> {
    await this.send("POST", `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
      subjects: [guest],
    });
  }

  async #writeFiles(): Promise<void> {
    const { key, cert } = makeTestCertificate("IP:127.0.0.1", "DNS:localhost");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const files = {
      "tls.key": key,
      "tls.crt": cert,
      "sa.key": privateKey.export({ type: "pkcs8", format: "pem" }),
      "tokens.csv": `admin-token,admin,1,"system:masters"\nguest-token,guest,2\n`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.#directory, name), text);
  }

  #startEtcd(): void {
    const [client, peer] = this.#ports.map(port => `http://127.0.0.1:${port}`) as [string, string];
    this.#etcd = this.#spawn(this.#programs.etcd, [
      `--data-dir=${join(this.#directory, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--unsafe-no-fsync",
    ]);
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.#directory, "log"), "a");
    return spawn(program, args, { stdio: ["ignore", log, log] });
  }

  async #isReady(): Promise<boolean> {
    if (this.#apiServer?.exitCode !== null || this.#etcd?.exitCode !== null) {
      const log = await readFile(join(this.#directory, "log"), "utf8");
      throw new Error(`the API server or etcd ended:\n${log.slice(-2000)}`);
    }
    return this.#request("GET", "/readyz", "").then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  #request(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const headers = {
      Authorization: "Bearer admin-token",
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    };
    const sent = request(this.url + path, { method, headers, agent: this.#agent }, async response => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    sent.once("error", reject);
    sent.end(body);
    return promise;
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
