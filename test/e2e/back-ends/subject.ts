/** The back ends that the contract is tried on, each as the proxy uses it. */

import { pino } from "pino";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { BackEnd, ServicePlans } from "../../../src/proxy/back-end.ts";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { Laboratory } from "../nftables/laboratory.ts";
import { families } from "./contract-world.ts";
import { RemoteBackEnd } from "./remote-back-end.ts";

/** What not every back end can do. */
export type Ability = "keep the source" | "drop" | "drop what no Service has" | "work without a process";

export interface Subject {
  readonly name: string;
  /** Why some tests are skipped. */
  readonly inability: Readonly<Partial<Record<Ability, string>>>;
  open(laboratory: Laboratory, settings: ProxySettings): BackEnd;
  /** Takes away what the back end has on the node. */
  damage(laboratory: Laboratory): void;
  /** What there is on the node of a back end. */
  traces(laboratory: Laboratory): string;
}

const nftables: Subject = {
  name: "nftables, with sockets for localhost",
  inability: {},
  open: ({ onNode }, settings) => {
    const runner = nftProgram([...onNode, "nft"]);
    const log = pino({ level: "silent" });
    return new BothBackEnds(
      new NftablesBackEnd({ settings, families, runner, log }),
      new RemoteBackEnd(onNode, { settings, families, scope: "localhost-node-ports" }),
    );
  },
  damage: laboratory => {
    for (const family of ["ip", "ip6"]) laboratory.nodeOutput("nft", "delete", "table", family, "frontdesk");
  },
  traces: laboratory => laboratory.nodeOutput("nft", "list", "tables"),
};

const userspace: Subject = {
  name: "userspace",
  inability: {
    "keep the source": "userspace: the source address is not kept",
    drop: "userspace: what is to be dropped is reset",
    "drop what no Service has": "userspace: an address that no Service has is left alone",
    "work without a process": "userspace: connections last as long as the process",
  },
  open: ({ onNode }, settings) => new RemoteBackEnd(onNode, { settings, families, scope: "everything" }),
  damage: laboratory => {
    for (const line of heldAddresses(laboratory)) {
      const [, device = "", , address = ""] = line.split(/ +/);
      laboratory.nodeOutput("ip", "address", "del", address, "dev", device);
    }
  },
  traces: laboratory => heldAddresses(laboratory).join("\n"),
};

/** On `frontdesk0`, or marked as ours on `lo`. */
function heldAddresses(laboratory: Laboratory): readonly string[] {
  const lines = laboratory.nodeOutput("ip", "-oneline", "address", "show").split("\n");
  return lines.filter(line => /frontdesk|metric 70353/.test(line));
}

export const subjects: readonly Subject[] = [nftables, userspace];

/** As the proxy does: each is told everything. */
class BothBackEnds implements BackEnd {
  readonly #both: readonly BackEnd[];

  constructor(...both: readonly BackEnd[]) {
    this.#both = both;
  }

  start(plans: ServicePlans): Promise<void> {
    return this.#all(one => one.start(plans));
  }

  update(changes: ServicePlans): Promise<void> {
    return this.#all(one => one.update(changes));
  }

  updateSettings(settings: ProxySettings): Promise<void> {
    return this.#all(one => one.updateSettings(settings));
  }

  async repair(): Promise<readonly IPFamily[]> {
    const repaired = await Promise.all(this.#both.map(one => one.repair()));
    return repaired.flat();
  }

  cleanUp(): Promise<void> {
    return this.#all(one => one.cleanUp());
  }

  stop(): Promise<void> {
    return this.#all(one => one.stop());
  }

  async #all(act: (one: BackEnd) => Promise<void>): Promise<void> {
    await Promise.all(this.#both.map(act));
  }
}
