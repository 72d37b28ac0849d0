/** What carries connections on this node: the kernel's rules where they can be had, sockets of our own elsewhere. */

import { existsSync, readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { IPFamily } from "../cluster/objects.ts";
import type { BackEnd } from "../proxy/back-end.ts";
import { removeLeftovers } from "../proxy/leftovers/remove-leftovers.ts";
import { missingRequirements } from "../proxy/nftables/missing-requirements.ts";
import { nftProgram } from "../proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../proxy/nftables/nftables-back-end.ts";
import type { ProxySettings } from "../proxy/plan/proxy-settings.ts";
import { IpAddressHolder } from "../proxy/userspace/address-holder.ts";
import { ipProgram } from "../proxy/userspace/ip-program.ts";
import { UserspaceBackEnd } from "../proxy/userspace/userspace-back-end.ts";
import { userspaceLimits } from "../proxy/userspace/userspace-limits.ts";

export interface BackEnds {
  readonly backEnds: readonly BackEnd[];
  /** What carries most. */
  readonly mode: "nftables" | "userspace";
  /** Takes away what an earlier run left for a back end that is not needed now; to be called when these are started. */
  removeUnneeded(): Promise<void>;
}

/** Changes nothing on the machine. */
export async function chooseBackEnds(
  families: readonly IPFamily[],
  settings: ProxySettings,
  log: Logger,
): Promise<BackEnds> {
  const runner = nftProgram();
  const missing = await missingRequirements(runner, families, settings);
  const byRules = families.filter(family => !missing.has(family));
  const bySockets = families.filter(family => missing.has(family));
  for (const problem of missing.values()) log.warn(`${problem} Sockets of this process serve it instead.`);
  if (bySockets.length > 0) for (const limit of userspaceLimits) log.warn(limit);
  const everything = { settings, families: bySockets, scope: "everything", log } as const;
  const localhost = { settings, families: byRules, scope: "localhost-node-ports", log } as const;
  const addressHolder = new IpAddressHolder(ipProgram());
  return {
    backEnds: [
      ...(byRules.length === 0
        ? []
        : [
            new NftablesBackEnd({ settings, families: byRules, runner, log }),
            new UserspaceBackEnd(localhost),
          ]),
      ...(bySockets.length === 0 ? [] : [new UserspaceBackEnd({ ...everything, addressHolder })]),
    ],
    mode: byRules.length > 0 ? "nftables" : "userspace",
    async removeUnneeded() {
      if (bySockets.length > 0) return;
      await addressHolder
        .release()
        .catch((error: Error) => log.debug(`addresses of an earlier run, if any, remain: ${error.message}`));
    },
  };
}

/** Takes away all that any run of this program, or of kube-proxy, has left. Returns what could not be removed, and why. */
export async function cleanUp(excludedNetworks: readonly string[], log: Logger): Promise<readonly string[]> {
  const families: readonly IPFamily[] = ["IPv4", "IPv6"];
  const settings = nothingServed;
  const runner = nftProgram();
  const addressHolder = new IpAddressHolder(ipProgram());
  const hasNft = await runner.version().then(
    () => true,
    () => false,
  );
  const backEnds: readonly BackEnd[] = [
    ...(hasNft ? [new NftablesBackEnd({ settings, families, runner, log })] : []),
    new UserspaceBackEnd({ settings, families, scope: "everything", addressHolder, log }),
  ];
  const remaining: string[] = [];
  for (const backEnd of backEnds) {
    await backEnd.cleanUp().catch((error: Error) => remaining.push(error.message));
    await backEnd.stop();
  }
  return [...remaining, ...(await removeLeftovers({ log, excludedNetworks })).remaining];
}

const nothingServed: ProxySettings = {
  masqueradeBit: 0,
  masqueradeAll: false,
  localTraffic: { kind: "none" },
  nodePortAddresses: { IPv4: [], IPv6: [] },
  localhostNodePorts: { IPv4: false, IPv6: false },
  loadBalancerPool: [],
  serviceCIDRs: [],
};

/** IPv6 may be missing from the kernel or be switched off. */
export function familiesOfMachine(): readonly IPFamily[] {
  const isOff = readIfThere("/proc/sys/net/ipv6/conf/all/disable_ipv6").trim() === "1";
  return existsSync("/proc/net/if_inet6") && !isOff ? ["IPv4", "IPv6"] : ["IPv4"];
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
