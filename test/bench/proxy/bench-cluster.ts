import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ApiServerChanged, ApiServerStarted, ChangeOrder } from "./api-server-process.ts";
import type { ClusterSize } from "./cluster.ts";
import { clusterIPOf, probeEndpoint } from "./cluster.ts";

/** The cluster and its API server, which has a process of its own so that serving does not disturb measuring. */
export class BenchCluster implements Disposable {
  readonly size: ClusterSize;
  readonly kubeconfigFile: string;
  readonly #process: ChildProcess;
  #probeVersion = 0;

  private constructor(size: ClusterSize, kubeconfigFile: string, child: ChildProcess) {
    this.size = size;
    this.kubeconfigFile = kubeconfigFile;
    this.#process = child;
  }

  static async start(size: ClusterSize): Promise<BenchCluster> {
    const script = fileURLToPath(new URL("api-server-process.ts", import.meta.url));
    const child = fork(script, [JSON.stringify(size)]);
    child.once("exit", code => {
      if (code !== 0) throw new Error("the API server of the bench has failed");
    });
    const [{ kubeconfigFile }] = (await once(child, "message")) as [ApiServerStarted];
    return new BenchCluster(size, kubeconfigFile, child);
  }

  /** Of Services from the first to the last, which is the probe. */
  sampleClusterIPs(count: number): readonly string[] {
    const step = this.size.services / (count - 1);
    return Array.from({ length: count }, (_, n) => clusterIPOf(Math.round(n * step)));
  }

  get probeClusterIP(): string {
    return clusterIPOf(this.size.services);
  }

  /** Gives another endpoint to so many Services, and then to the probe: that one is told, and when it began. */
  async change(otherServices: number): Promise<ApiServerChanged & { readonly endpoint: string }> {
    this.#probeVersion += 1;
    this.#process.send({ probeVersion: this.#probeVersion, otherServices } satisfies ChangeOrder);
    const [changed] = (await once(this.#process, "message")) as [ApiServerChanged];
    return { ...changed, endpoint: probeEndpoint(this.size, this.#probeVersion) };
  }

  [Symbol.dispose](): void {
    this.#process.disconnect();
  }
}
