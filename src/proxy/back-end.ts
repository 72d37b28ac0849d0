/** What carries connections: rules of the kernel, or sockets of our own. */

import type { IPFamily } from "../cluster/objects.ts";
import type { ProxySettings } from "./plan/proxy-settings.ts";
import type { ServicePortPlan } from "./plan/service-port-plan.ts";

/** Services by `namespace/name`, with plans of both families; none for a Service that is gone. */
export type ServicePlans = ReadonlyMap<string, readonly ServicePortPlan[]>;

/**
 * All methods but `stop` reject with BackEndError when some family is not served as it should be. What failed is not
 * lost: the next call brings everything in line, so that a caller repeats with any changes, or none, after a while.
 * Calls are done one after the other, in the order in which they came.
 */
export interface BackEnd {
  /** Takes over what an earlier run has left, or begins anew. `plans` are those of all Services. */
  start(plans: ServicePlans): Promise<void>;
  /** `changes` are the plans of changed Services. Resolves when new connections see them. */
  update(changes: ServicePlans): Promise<void>;
  updateSettings(settings: ProxySettings): Promise<void>;
  /** Restores what somebody else has taken away; to be called now and then. The families that were concerned. */
  repair(): Promise<readonly IPFamily[]>;
  /** Ends the process's part in it, once nothing is under way. What works without the process goes on working. */
  stop(): Promise<void>;
  /** Takes away everything that this back end has ever left on the machine; needs no start. */
  cleanUp(): Promise<void>;
}

/** Some families are not served as they should be. The others are, and all as before the change. */
export class BackEndError extends Error {
  override readonly name = "BackEndError";
  readonly families: readonly IPFamily[];

  constructor(failures: ReadonlyMap<IPFamily, unknown>) {
    const reasons = [...failures].map(([family, error]) => `${family}: ${(error as Error).message}`);
    super(reasons.join("; "), { cause: [...failures.values()][0] });
    this.families = [...failures.keys()];
  }
}
