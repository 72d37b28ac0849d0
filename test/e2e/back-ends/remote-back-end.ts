import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { BackEnd, ServicePlans } from "../../../src/proxy/back-end.ts";
import { BackEndError } from "../../../src/proxy/back-end.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { Call, Opening, Reply } from "./back-end-process.ts";

/** A userspace back end in a process of its own, because sockets belong to the network namespace of theirs. */
export class RemoteBackEnd implements BackEnd {
  readonly #child;
  readonly #waiting: ((reply: Reply) => void)[] = [];

  /** `onNode` are words that make a command run on the node. */
  constructor(onNode: readonly string[], opening: Opening) {
    const [program = "", ...words] = onNode;
    const file = fileURLToPath(new URL("back-end-process.ts", import.meta.url));
    this.#child = spawn(program, [...words, process.execPath, file], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
    });
    this.#child.on("message", (reply: Reply) => this.#waiting.shift()?.(reply));
    this.#child.send(opening);
  }

  async start(plans: ServicePlans): Promise<void> {
    await this.#call("start", plans);
  }

  async update(changes: ServicePlans): Promise<void> {
    await this.#call("update", changes);
  }

  async updateSettings(settings: ProxySettings): Promise<void> {
    await this.#call("updateSettings", settings);
  }

  async repair(): Promise<readonly IPFamily[]> {
    return (await this.#call("repair")) as readonly IPFamily[];
  }

  async cleanUp(): Promise<void> {
    await this.#call("cleanUp");
  }

  async stop(): Promise<void> {
    if (!this.#child.connected) return;
    const ended = once(this.#child, "exit");
    await this.#call("stop");
    this.#child.disconnect();
    await ended;
  }

  async #call(method: keyof BackEnd, argument?: unknown): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.push(resolve);
    this.#child.send({ method, argument } satisfies Call);
    const { result, problems } = await promise;
    if (problems === undefined) return result;
    const reasons = [...problems].map(([family, reason]) => [family as IPFamily, new Error(reason)] as const);
    throw new BackEndError(new Map(reasons));
  }
}
