/** Which server block answers for a name: the longest zone that holds it. */

import type { RunningBlock } from "../plugins/block.ts";
import type { Layer } from "../plugins/plugin.ts";
import type { Name } from "../wire/name.ts";
import { formatName } from "../wire/name.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import type { Work } from "./work.ts";

/** A layer that hears of exchanges. */
export type Listening = Layer & Required<Pick<Layer, "sent">>;

/** One zone of a server block, as a listener sees it. */
export interface Site {
  readonly zone: Name;
  /** The `zone` label of metrics. */
  readonly zoneText: string;
  readonly block: RunningBlock;
  /** Layers that hear of every exchange. */
  readonly listeners: readonly Listening[];
  /** Whether all plugins of the block say what their replies are made from. */
  readonly answersAlike: boolean;
  /** Whether classes other than IN mean something to a plugin of the block. */
  readonly takesAllClasses: boolean;
  /** Whether somebody writes down what plugins know of a query. */
  readonly collectsMetadata: boolean;
  /** Where queries under way are registered, so that plugins are not closed under them. */
  readonly work: Work;
}

export interface Router {
  /** Undefined when no zone holds the name, which is in lower case. */
  siteFor(name: Name, type: number): Site | undefined;
  /** The zones, for those who ask for something else. */
  readonly zonesText: string;
}

export function siteOf(zone: Name, block: RunningBlock, work: Work): Site {
  return {
    zone,
    zoneText: formatName(zone),
    block,
    listeners: block.members.map(({ layer }) => layer).filter(hears),
    answersAlike: block.members.every(({ layer }) => !handles(layer) || layer.answersAlike === true),
    takesAllClasses: block.members.some(({ name }) => name === "chaos" || name === "forward"),
    collectsMetadata: block.members.some(({ name }) => name === "metadata"),
    work,
  };
}

function hears(layer: Layer): layer is Listening {
  return layer.sent !== undefined;
}

function handles({ handle, aroundUpstream }: Layer): boolean {
  return handle !== undefined || aroundUpstream !== undefined;
}

export function createRouter(sites: readonly Site[]): Router {
  // NUL cannot be confused with a dot inside a label.
  const byZone = new Map(sites.map(site => [site.zone.join("\0"), site]));
  const depths = [...new Set(sites.map(({ zone }) => zone.length))].sort((a, b) => b - a);
  const longest = (name: Name) => {
    for (const depth of depths) {
      if (depth > name.length) continue;
      const site = byZone.get(name.slice(name.length - depth).join("\0"));
      if (site !== undefined) return site;
    }
    return undefined;
  };
  return {
    zonesText: sites.map(({ zoneText }) => zoneText).join(" "),
    siteFor(name, type) {
      const site = longest(name);
      if (type !== typeCodes.DS || site?.zone.length !== name.length) return site;
      // RFC 4035 §3.1.4.1: DS records are the parent zone's, where both are served here.
      return longest(name.slice(1)) ?? site;
    },
  };
}

/** Whether the site's plugins are asked questions of this class. */
export function takesClass(site: Site, questionClass: number): boolean {
  return questionClass === classCodes.IN || site.takesAllClasses;
}
