import type { BenchProcess } from "../bench-process.ts";
import { startProcess } from "../bench-process.ts";
import type { LoadReply } from "./load-process.ts";
import type { LoadRequest, LoadResult } from "./load-request.ts";

/** Asks a DNS server as much as it is told to, from a process of its own. */
export class LoadGenerator implements Disposable {
  readonly #process: BenchProcess<LoadReply>;

  private constructor(process: BenchProcess<LoadReply>) {
    this.#process = process;
  }

  static start(): LoadGenerator {
    return new LoadGenerator(startProcess<LoadReply>(new URL("load-process.ts", import.meta.url)));
  }

  /** One at a time. Rejects when there is no koffi for this machine. */
  async run(request: LoadRequest): Promise<LoadResult> {
    const reply = await this.#process.ask(request);
    if ("error" in reply) throw new Error(reply.error);
    return reply;
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }
}
