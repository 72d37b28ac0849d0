/** Joins the layers of a server block into one handler, outermost first. */

import { rcodes } from "../wire/message.ts";
import { failure } from "./outcome.ts";
import type { Handler, Layer } from "./plugin.ts";

export interface ChainLink {
  readonly layer: Layer;
  readonly asksUpstream: boolean;
}

export function joinChain(links: readonly ChainLink[]): Handler {
  const firstUpstream = links.findIndex(({ asksUpstream }) => asksUpstream);
  let next: Handler = () => failure(rcodes.SERVFAIL, "no plugin answered");
  for (let index = links.length - 1; index >= 0; index -= 1) {
    next = wrap(links[index]?.layer.handle, links[index]?.layer, next);
    if (index !== firstUpstream) continue;
    for (const { layer } of links.toReversed()) next = wrap(layer.aroundUpstream, layer, next);
  }
  return next;
}

function wrap(method: Layer["handle"], layer: Layer | undefined, next: Handler): Handler {
  return method === undefined ? next : query => method.call(layer, query, next);
}
