/** Frontdesk over a cluster of one Service and one Pod, on UDP, TCP, TLS and HTTPS, with a Corefile to edit. */

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TestApiServer } from "../../support/api-server.ts";
import { endpointSlice, namespace, pod, service } from "../../support/cluster-fixtures.ts";
import { Command } from "../../support/command.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { makeTestCertificate } from "../../support/test-certificate.ts";
import type { Sample } from "./load.ts";
import { Load, type LoadOptions } from "./load.ts";

export const clusterName = "web.shop.svc.cluster.local.";
export const hostsName = "www.example.org.";
export const podName = "10-244-0-7.shop.pod.cluster.local.";

/** What the Corefile says; everything has a usual value. */
export interface Wish {
  /** Of `www.example.org`. */
  readonly address?: string;
  readonly ttlSeconds?: number;
  readonly pods?: "disabled" | "insecure" | "verified";
  /** Lines of the block for UDP and TCP, and of all blocks. */
  readonly more?: string;
  readonly names?: string;
  readonly bind?: string;
  /** Of the encrypted blocks. */
  readonly tls?: string;
  /** Server blocks. */
  readonly blocks?: string;
  readonly withoutTls?: boolean;
}

export type ReloadingServer = Awaited<ReturnType<typeof startReloadingServer>>;

export async function startReloadingServer(context: TestContext, wish: Wish = {}) {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-reloading-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const api = await TestApiServer.start();
  context.after(() => api.close());
  api.load([
    namespace("shop"),
    service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
    endpointSlice("shop", "web", { ports: ["http 80"], endpoints: ["10.244.0.7"] }),
    pod("shop", "web-1", { podIPs: ["10.244.0.7"] }),
  ]);
  await api.writeKubeconfig(directory);
  await writeCertificate(directory);
  const ports = {
    dns: await portFreeEverywhere(),
    tls: await portFreeEverywhere(),
    https: await portFreeEverywhere(),
    metrics: await freePort(),
  };
  const file = join(directory, "Corefile");
  const corefile = (next: Wish = {}) => corefileText(ports, { ...wish, ...next });
  await writeFile(file, corefile());
  const command = Command.start("dns", "-conf", file);
  context.after(() => command.stop("SIGKILL"));
  await command.until(({ stdout }) => (stdout.includes("Frontdesk-") ? true : undefined));

  const change = async (text: string, printed = "Reloading complete", signal?: NodeJS.Signals) => {
    const before = command.stdout.length;
    await writeFile(file, text);
    if (signal !== undefined) command.process.kill(signal);
    const heard = await command.until(({ stdout }) =>
      [printed, "reload failed"].find(text => stdout.slice(before).includes(text)),
    );
    assert.equal(heard, printed, command.stdout.slice(before));
  };
  return {
    api,
    command,
    corefile,
    directory,
    file,
    ports,
    server: { host: ownAddress, port: ports.dns },
    /** Writes the file, asks for a reload and waits until it is done, or another text is printed. */
    change: (text: string, printed?: string) => change(text, printed, "SIGUSR1"),
    /** Writes the file and waits until the server has found that by itself. */
    edit: (text: string) => change(text),
    /** One load for each way to ask; ended at the end of the test at the latest. */
    async loads(asks: readonly string[], perSecond: number): Promise<Loads> {
      const options: LoadOptions[] = [
        { server: { host: ownAddress, port: ports.dns }, asks, perSecond },
        { server: { host: ownAddress, port: ports.dns }, asks, perSecond, over: "tcp" },
        { server: { host: ownAddress, port: ports.tls }, asks, perSecond, over: "tls" },
        { server: { host: ownAddress, port: ports.https }, asks, perSecond, over: "https" },
      ];
      const loads = await Promise.all(options.map(one => Load.start(one)));
      context.after(() => Promise.all(loads.map(load => load.abandon())));
      return {
        enter: phase => loads.forEach(load => void load.enter(phase)),
        end: () => Promise.all(loads.map(load => load.end())),
      };
    },
    /** Open descriptors and resident memory of the process. */
    resources() {
      const { pid } = command.process;
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const [, residentKib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
      return { descriptors: readdirSync(`/proc/${pid}/fd`).length, residentKib: Number(residentKib) };
    },
  };
}

export interface Loads {
  enter(phase: string): void;
  /** Of UDP, TCP, TLS and HTTPS. */
  end(): Promise<(readonly Sample[])[]>;
}

/** Below those that the kernel gives to clients, any of which would be in the way of a listener on all addresses. */
async function portFreeEverywhere(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    const server = createServer().listen(port, "0.0.0.0");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    await new Promise(resolve => server.close(resolve));
    if (isFree) return port;
  }
}

/** `cert.pem` and `key.pem`; gives the certificate. */
export async function writeCertificate(directory: string, name = "DNS:dns.test"): Promise<string> {
  const { cert, key } = makeTestCertificate(name);
  await writeFile(join(directory, "cert.pem"), cert);
  await writeFile(join(directory, "key.pem"), key);
  return cert;
}

function corefileText(ports: Readonly<Record<"dns" | "tls" | "https" | "metrics", number>>, wish: Wish) {
  const { address = "192.0.2.1", ttlSeconds = 7, pods = "insecure", more = "", blocks = "" } = wish;
  const { bind = ownAddress, tls = "tls cert.pem key.pem", withoutTls = false, names = "" } = wish;
  const encrypted = ["tls", "https"].map(
    scheme => `${scheme}://.:${ports[scheme as "tls" | "https"]} {
    bind ${bind}
    ${tls}
    import names
}
`,
  );
  return `(names) {
    errors
    kubernetes cluster.local {
        kubeconfig kubeconfig
        pods ${pods}
        ttl ${ttlSeconds}
    }
    hosts {
        ${address} www.example.org
        fallthrough
    }
    ${names}
}
.:${ports.dns} {
    bind ${bind}
    prometheus ${ownAddress}:${ports.metrics}
    ${more}
    import names
}
${withoutTls ? "" : encrypted.join("")}${blocks}`;
}
