/** A server block with `forward` alone, its upstreams following scripts. */

import { forwardOver } from "../../../../src/dns/plugins/forward/forward.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { startRig } from "../rig.ts";
import { type Script, ScriptedUpstreams } from "./scripted-upstreams.ts";

/** The upstreams `10.0.0.1`, `10.0.0.2` and `10.0.0.3`, as scripts and metrics name them. */
export const a = "10.0.0.1:53";
export const b = "10.0.0.2:53";
export const c = "10.0.0.3:53";

/** `text` is what stands in the server block `.`; a plugin behind `forward` answers NOTAUTH. */
export async function startForward(text: string, scripts: Readonly<Record<string, Script>> = {}) {
  const upstreams = new ScriptedUpstreams(scripts);
  const rig = await startRig(`. {\n${text}\n}`, {
    plugins: [forwardOver(upstreams.open)],
    upstream: query => replyTo(query.message, { plugin: "behind", rcode: rcodes.NOTAUTH }),
  });
  return { rig, upstreams };
}

/** First `a`, then `b`. */
export function inSequence(options = ""): string {
  return `forward . 10.0.0.1 10.0.0.2 {\n policy sequential\n ${options}\n}`;
}
