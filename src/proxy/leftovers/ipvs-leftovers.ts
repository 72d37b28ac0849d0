/** What mode ipvs leaves besides chains: virtual servers, the interface that holds their addresses, sets. */

import { setTimeout as delay } from "node:timers/promises";
import { isWithin } from "../plan/network.ts";
import type { Machine } from "./machine.ts";
import { ProgramMissingError } from "./machine.ts";
import type { RemovalReport } from "./removal-report.ts";

const interfaceName = "kube-ipvs0";

/**
 * `excludedNetworks` hold the addresses of virtual servers that are not kube-proxy's: `ipvs.excludeCIDRs` of its
 * configuration. All others it takes for its own, and so do we where it has been at work in this mode.
 */
export async function removeIpvs(
  machine: Machine,
  excludedNetworks: readonly string[],
  report: RemovalReport,
): Promise<void> {
  const devices = await machine.read("/proc/net/dev");
  if (!devices.split("\n").some(line => line.trim().startsWith(`${interfaceName}:`))) return;
  // Clients of a virtual server that is gone are told so as long as its address is the node's.
  await removeVirtualServers(machine, excludedNetworks, report);
  try {
    await machine.run(["ip", "link", "delete", interfaceName]);
    report.wasRemoved(`interface ${interfaceName}`);
  } catch (error) {
    report.remains(`interface ${interfaceName}`, error);
  }
}

async function removeVirtualServers(
  machine: Machine,
  excludedNetworks: readonly string[],
  report: RemovalReport,
): Promise<void> {
  const what = "virtual servers of ipvs";
  try {
    const all = virtualServersIn(await machine.run(["ipvsadm", "--save", "--numeric"]));
    const doomed = all.filter(({ address }) => address !== undefined && !isWithin(address, excludedNetworks));
    if (doomed.length === 0) return;
    if (doomed.length === all.length) await machine.run(["ipvsadm", "--clear"]);
    else for (const { words } of doomed) await machine.run(["ipvsadm", "--delete-service", ...words]);
    report.wasRemoved(`${what}: ${doomed.length}`);
  } catch (error) {
    report.remains(what, error);
  }
}

interface VirtualServer {
  /** By which ipvsadm knows it: `-t 10.96.0.1:443`. */
  readonly words: readonly [kind: string, name: string];
  /** Undefined for one that has packet marks instead; those are never kube-proxy's. */
  readonly address: string | undefined;
}

/** `-A -t 10.96.0.1:443 -s rr`, or `-A -u [fd96::a]:53 -s rr` */
function virtualServersIn(saved: string): readonly VirtualServer[] {
  return [...saved.matchAll(/^-A (\S+) (\S+)/gm)].map(([, kind = "", name = ""]) => ({
    words: [kind, name],
    address: /^\[?([^[\]]+)\]?:\d+$/.exec(name)?.[1],
  }));
}

/** To be called when the chains are gone: they refer to the sets. */
export async function removeSets(machine: Machine, report: RemovalReport): Promise<void> {
  for (const name of await listSets(machine, report)) {
    try {
      await destroySet(machine, name);
      report.wasRemoved(`set ${name}`);
    } catch (error) {
      report.remains(`set ${name}`, error);
    }
  }
}

async function listSets(machine: Machine, report: RemovalReport): Promise<readonly string[]> {
  try {
    return (await machine.run(["ipset", "list", "-name"])).split("\n").filter(isKubeProxySet);
  } catch (error) {
    // Without the program there may be sets, but nothing that uses them.
    if (!(error instanceof ProgramMissingError)) report.remains("sets of ipset, if any", error);
    return [];
  }
}

/** Of IPv6 they are named `KUBE-6-…`, cut off at 31 characters. */
function isKubeProxySet(name: string): boolean {
  return setNames.some(suffix => name === `KUBE-${suffix}` || name === `KUBE-6-${suffix}`.slice(0, 31));
}

const setNames: readonly string[] = [
  "CLUSTER-IP",
  "EXTERNAL-IP",
  "EXTERNAL-IP-LOCAL",
  "HEALTH-CHECK-NODE-PORT",
  "IPVS-IPS",
  "LOAD-BALANCER",
  "LOAD-BALANCER-FW",
  "LOAD-BALANCER-LOCAL",
  "LOAD-BALANCER-SOURCE-CIDR",
  "LOAD-BALANCER-SOURCE-IP",
  "LOOP-BACK",
  "NODE-PORT-LOCAL-SCTP-HASH",
  "NODE-PORT-LOCAL-TCP",
  "NODE-PORT-LOCAL-UDP",
  "NODE-PORT-SCTP-HASH",
  "NODE-PORT-TCP",
  "NODE-PORT-UDP",
];

const attempts = 10;
const pauseMs = 50;

/** The kernel lets go of a set only a while after the rule that referred to it is gone. */
async function destroySet(machine: Machine, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await machine.run(["ipset", "destroy", name]);
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
      await delay(pauseMs);
    }
  }
}
