import { cpus, release } from "node:os";

/** What a bench ran on, for those who compare its figures with others. */
export function describeMachine(): string {
  const processors = cpus();
  return `node ${process.versions.node}, Linux ${release()}, ${processors.length} × ${processors[0]?.model ?? "unknown processor"}`;
}
