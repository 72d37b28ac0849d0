/** Run inside the node's network namespace: a userspace back end that does as it is told over the parent's channel. */

import { pino } from "pino";
import type { BackEnd } from "../../../src/proxy/back-end.ts";
import { BackEndError } from "../../../src/proxy/back-end.ts";
import { IpAddressHolder } from "../../../src/proxy/userspace/address-holder.ts";
import { ipProgram } from "../../../src/proxy/userspace/ip-program.ts";
import type { UserspaceOptions } from "../../../src/proxy/userspace/userspace-back-end.ts";
import { UserspaceBackEnd } from "../../../src/proxy/userspace/userspace-back-end.ts";

export type Opening = Pick<UserspaceOptions, "settings" | "families" | "scope">;

export interface Call {
  readonly method: keyof BackEnd;
  readonly argument: unknown;
}

/** Comes once for each call, in their order. */
export interface Reply {
  readonly result?: unknown;
  /** Families and reasons of a BackEndError. */
  readonly problems?: ReadonlyMap<string, string>;
}

let backEnd: UserspaceBackEnd | undefined;

function open(options: Opening): UserspaceBackEnd {
  const addressHolder = new IpAddressHolder(ipProgram());
  const holding = options.scope === "everything" ? { addressHolder } : {};
  return new UserspaceBackEnd({ ...options, ...holding, log: pino({ base: null }, process.stderr) });
}

async function follow({ method, argument }: Call): Promise<Reply> {
  const act = backEnd?.[method] as ((argument: unknown) => Promise<unknown>) | undefined;
  try {
    return { result: await act?.call(backEnd, argument) };
  } catch (error) {
    if (!(error instanceof BackEndError)) throw error;
    const problems = error.families.map(family => [family, error.message] as const);
    return { problems: new Map(problems) };
  }
}

process.on("message", (message: Opening | Call) => {
  if ("method" in message) void follow(message).then(reply => process.send?.(reply));
  else backEnd = open(message);
});
process.on("disconnect", () => process.exit());
