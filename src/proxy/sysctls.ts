/** Kernel settings of connection tracking, as KubeProxyConfiguration's `conntrack` asks for. */

import { readFile, writeFile } from "node:fs/promises";
import type { Logger } from "pino";
import type { ProxyConfiguration } from "./configuration/proxy-configuration.ts";

export type ConntrackSettings = ProxyConfiguration["conntrack"];

export interface Sysctl {
  readonly path: string;
  readonly value: number;
  /** Leave a higher value alone. */
  readonly isFloor: boolean;
}

/** The files of /proc/sys and /sys; tests have others. */
export interface SysctlFiles {
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
}

/** More entries than this would be hundreds of megabytes on a machine with many cores. */
const maxScaledEntries = 1_048_576;
/** The kernel's own ratio between entries and buckets. */
const entriesPerBucket = 4;

/** What has to be written, in this order, on a machine with so many cores. */
export function conntrackSysctls(settings: ConntrackSettings, coreCount: number): readonly Sysctl[] {
  return [
    ...tableSize(settings, coreCount),
    ...timeout("tcp_timeout_established", settings.tcpEstablishedTimeoutMs),
    ...timeout("tcp_timeout_close_wait", settings.tcpCloseWaitTimeoutMs),
    ...(settings.tcpBeLiberal ? [netfilter("tcp_be_liberal", 1)] : []),
    ...timeout("udp_timeout", settings.udpTimeoutMs),
    ...timeout("udp_timeout_stream", settings.udpStreamTimeoutMs),
  ];
}

/**
 * Writes what differs. What cannot be written is a warning: kind's nodes may not change what belongs to the whole
 * machine, and work well without.
 */
export async function applySysctls(
  sysctls: readonly Sysctl[],
  log: Logger,
  files: SysctlFiles = realFiles,
): Promise<void> {
  for (const { path, value, isFloor } of sysctls) {
    try {
      const current = Number.parseInt(await files.read(path), 10);
      if (current === value || (isFloor && current > value)) continue;
      await files.write(path, String(value));
      log.info({ path, value }, "kernel setting changed");
    } catch (error) {
      const { message } = error as Error;
      log.warn({ path, value }, `kernel setting left alone, the proxy works without: ${message}`);
    }
  }
}

const realFiles: SysctlFiles = {
  read: path => readFile(path, "utf8"),
  write: (path, text) => writeFile(path, text),
};

function tableSize({ maxPerCore, min }: ConntrackSettings, coreCount: number): readonly Sysctl[] {
  if (maxPerCore <= 0) return [];
  const entries = Math.max(Math.min(maxPerCore * coreCount, maxScaledEntries), min);
  const buckets = Math.floor(entries / entriesPerBucket);
  return [
    netfilter("max", entries),
    { path: "/sys/module/nf_conntrack/parameters/hashsize", value: buckets, isFloor: true },
  ];
}

/** The kernel counts whole seconds, and none at all would be no tracking. */
function timeout(name: string, timeoutMs: number): readonly Sysctl[] {
  return timeoutMs > 0 ? [netfilter(name, Math.max(1, Math.floor(timeoutMs / 1000)))] : [];
}

function netfilter(name: string, value: number): Sysctl {
  return { path: `/proc/sys/net/netfilter/nf_conntrack_${name}`, value, isFloor: false };
}
