import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * What the Dockerfile sets for a bundle, which is compiled before it is started, as there, into a folder of ours.
 * Settings are those of the first stage that makes any. Nothing for sources, which no image runs.
 */
export function imageEnvironment(program: string): Readonly<Record<string, string>> {
  if (!program.endsWith(".js")) return {};
  const text = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
  const settings = /^ENV ((?:.*\\\n)*.*)$/m.exec(text)?.[1] ?? "";
  const pairs = settings.matchAll(/(\w+)=(?:"([^"]*)"|([^\s\\]+))/g);
  const values = Array.from(pairs, ([, name = "", quoted, bare = ""]) => [name, quoted ?? bare] as const);
  const environment = {
    ...Object.fromEntries(values),
    NODE_COMPILE_CACHE: join(tmpdir(), "frontdesk-compile-cache"),
  };
  execFileSync(process.execPath, [program, "dns", "-plugins"], { env: environment });
  return environment;
}
