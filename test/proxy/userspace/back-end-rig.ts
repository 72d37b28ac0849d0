/** A userspace back end on loopback addresses, which stand for all the places that clients come from. */

import type { TestContext } from "node:test";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import type { MachineAddress } from "../../../src/proxy/userspace/machine-addresses.ts";
import type { UserspaceOptions } from "../../../src/proxy/userspace/userspace-back-end.ts";
import { UserspaceBackEnd } from "../../../src/proxy/userspace/userspace-back-end.ts";
import { freshAddress } from "../cluster-fixture.ts";
import { byService } from "../nftables/plan-fixture.ts";
import { plainSettings } from "../plain-settings.ts";
import { errorCode, exchange, log } from "./proxy-rig.ts";

export const settings: ProxySettings = {
  ...plainSettings,
  nodePortAddresses: { IPv4: [], IPv6: [] },
};

/** One client of each sort, by its address. */
export const clients = { pod: "127.99.0.1", node: freshAddress(), outside: freshAddress() } as const;
export const podsByNetwork: ProxySettings["localTraffic"] = { kind: "networks", networks: ["127.99.0.0/16"] };

/** Of all loopback addresses the machine has but the node's. */
export const machineAddresses: readonly MachineAddress[] = [
  { address: clients.node, cidr: `${clients.node}/32`, internal: false },
];

export async function startBackEnd(
  t: TestContext,
  plans: readonly ServicePortPlan[],
  options: Partial<UserspaceOptions> = {},
): Promise<UserspaceBackEnd> {
  const backEnd = openBackEnd(t, options);
  await backEnd.start(byService(...plans));
  return backEnd;
}

export function openBackEnd(t: TestContext, options: Partial<UserspaceOptions> = {}): UserspaceBackEnd {
  const backEnd = new UserspaceBackEnd({
    settings,
    families: ["IPv4"],
    scope: "everything",
    machineAddresses: () => machineAddresses,
    log,
    ...options,
  });
  t.after(() => backEnd.stop());
  return backEnd;
}

/** What a connection brings: the name that the server says, or the error's code. */
export async function visit(address: string, port: number, from: string): Promise<string> {
  const answer = exchange(address, port, { from });
  const code = await errorCode(answer);
  return code === "none" ? await answer : code;
}
