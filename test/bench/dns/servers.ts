/** The DNS servers that are measured, and what stands beside them; each a process of its own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerAddress } from "../../support/dns-client.ts";
import { type CorefileSite, type Subject, startSubject } from "../../support/subject.ts";
import { startProcess } from "../bench-process.ts";
import { imageEnvironment } from "../image.ts";
import type { BareListenerStarted } from "./bare-listener.ts";

export type ServerName = "frontdesk" | "coredns";

export interface ServerPlan {
  readonly name: ServerName;
  readonly kubeconfigFile: string;
  readonly upstream: ServerAddress;
  /** Frontdesk's program file: a bundle runs as in the image. */
  readonly program: string;
  /** CoreDNS's, for the server of that name. */
  readonly corednsBinary: string | undefined;
}

/** Resolves when it is ready and answers. `launcher` stands before the command. */
export async function startServer(plan: ServerPlan, launcher: readonly string[]): Promise<Subject> {
  const { program, upstream, name } = plan;
  return startSubject({
    kubeconfig: await readFile(plan.kubeconfigFile, "utf8"),
    corefile: site => corefile(site, upstream),
    corednsBinary: name === "coredns" ? plan.corednsBinary : undefined,
    // It runs in a folder of its own.
    program: resolve(program),
    environment: imageEnvironment(resolve(program)),
    launcher,
  });
}

/** As kubeadm writes it, but for the addresses, and with no lame duck to wait for. */
function corefile(site: CorefileSite, upstream: ServerAddress): string {
  const options = "pods insecure\n        fallthrough in-addr.arpa ip6.arpa\n        ttl 30";
  return `${site.keys(".")} {
    ${site.common}
    ${site.kubernetes("cluster.local in-addr.arpa ip6.arpa", options)}
    forward . ${upstream.host}:${upstream.port} {
        max_concurrent 1000
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`;
}

export interface BareServer extends Disposable {
  readonly server: ServerAddress;
  readonly processId: number;
}

export function startUpstream(): Promise<BareServer> {
  return startBare("upstream-process.ts", []);
}

export function startEcho(launcher: readonly string[]): Promise<BareServer> {
  return startBare("echo-process.ts", launcher);
}

async function startBare(script: string, launcher: readonly string[]): Promise<BareServer> {
  const running = startProcess<BareListenerStarted>(new URL(script, import.meta.url), { launcher });
  const { port } = await running.hear();
  return {
    server: { host: "127.0.0.1", port },
    processId: running.processId,
    [Symbol.dispose]: () => running[Symbol.dispose](),
  };
}

export interface ApiServerProcess extends Disposable {
  readonly kubeconfigFile: string;
}

/** The objects live in a process of their own: what serves them must not disturb what measures. */
export async function startApiServer(services: number, endpoints: number): Promise<ApiServerProcess> {
  const script = fileURLToPath(new URL("../api-server-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, `${services}`, `${endpoints}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return { kubeconfigFile: String(line).trim(), [Symbol.dispose]: () => child.kill() };
}
