/** Parts of a bench in processes of their own, told by messages what to do. They end with the bench. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface BenchProcess<Message> extends Disposable {
  readonly processId: number;
  /** The next message from there. Rejects when the process ends before. */
  hear(): Promise<Message>;
  /** Sends a message and resolves with the next that comes back. */
  ask(message: object): Promise<Message>;
}

/** `launcher` stands before the command: a program that starts it and becomes it. */
export function startProcess<Message>(
  script: URL,
  { launcher = [] }: { readonly launcher?: readonly string[] } = {},
): BenchProcess<Message> {
  const [command = "", ...args] = [...launcher, process.execPath, fileURLToPath(script)];
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const hear = () => nextMessage<Message>(child);
  return {
    processId: child.pid ?? 0,
    hear,
    ask(message) {
      child.send(message);
      return hear();
    },
    [Symbol.dispose]() {
      if (child.connected) child.disconnect();
    },
  };
}

async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const ended = once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.at(-1)} has ended with ${code}`);
    });
    const [message] = await Promise.race([once(child, "message", { signal }), ended]);
    return message;
  } finally {
    over.abort();
  }
}
