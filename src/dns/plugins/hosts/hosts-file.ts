/** The hosts file as it is now. */

import { Freshness } from "../freshness.ts";
import type { PluginHost } from "../plugin.ts";
import { PluginStartError } from "../plugin.ts";
import { rereadFile } from "../reread-file.ts";
import type { HostsConfig } from "./hosts-config.ts";
import type { HostsTable } from "./hosts-table.ts";
import { emptyHosts, parseHosts } from "./hosts-table.ts";

export interface HostsFile {
  /** Another one after each change; the last that could be read while the file is away. */
  readonly table: HostsTable;
  /** Says with each change that there was one; keys do not matter. */
  readonly freshness: Freshness;
  close(): void;
}

/**
 * `inlineCount` entries stand in the Corefile and are counted with the file's. A file that is not there yet is waited
 * for; throws PluginStartError for a path that can never lead to one.
 */
export async function openHostsFile(
  config: HostsConfig,
  inlineCount: number,
  { path, log, instruments }: PluginHost,
): Promise<HostsFile> {
  const file = path(config.file);
  const entries = instruments.gauge(
    "coredns_hosts_entries",
    "The combined number of entries in hosts and Corefile.",
    ["hostsfile"],
  );
  const readAt = instruments.gauge(
    "coredns_hosts_reload_timestamp_seconds",
    "The timestamp of the last reload of hosts file.",
    [],
  );
  const freshness = new Freshness(1);
  let table = emptyHosts;
  let isStarting = true;
  let problem: PluginStartError | undefined;
  const reading = await rereadFile(file, config.reloadMs, {
    onText(text) {
      table = parseHosts(text, config);
      freshness.touchAll();
      entries.set({ hostsfile: file }, table.entryCount + inlineCount);
      readAt.set({}, Date.now() / 1000);
      log.debug({ file, entries: table.entryCount }, "hosts file read");
    },
    onError(error) {
      if (isStarting) problem = startErrorOf(error, config);
      log.warn({ file, err: error }, "the hosts file cannot be read");
    },
  });
  isStarting = false;
  if (problem !== undefined) {
    reading.close();
    throw problem;
  }
  return {
    freshness,
    get table() {
      return table;
    },
    close: () => reading.close(),
  };
}

/** A file may come and go, a path through something that is no folder may not. */
function startErrorOf(error: NodeJS.ErrnoException, { fileWord }: HostsConfig): PluginStartError | undefined {
  if (fileWord === undefined || error.syscall !== "stat" || error.code === "ENOENT") return undefined;
  const what = `the hosts file ${fileWord.text} cannot be reached: ${error.message}`;
  return new PluginStartError(fileWord.at, what, "name another file, or make this one accessible", error);
}
