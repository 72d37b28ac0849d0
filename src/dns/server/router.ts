/** Which server block answers for a name: the longest zone that holds it. */

import type { RunningBlock } from "../plugins/block.ts";
import type { Exchange, Layer } from "../plugins/plugin.ts";
import type { Question } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { formatName, lowerName } from "../wire/name.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import type { Work } from "./work.ts";

/** One zone of a server block, as a listener sees it. */
export interface Site {
  readonly zone: Name;
  /** The `zone` label of metrics. */
  readonly zoneText: string;
  readonly block: RunningBlock;
  /** Layers that hear of every exchange. */
  readonly listeners: readonly Required<Pick<Layer, "sent">>[];
  /** Whether classes other than IN mean something to a plugin of the block. */
  readonly takesAllClasses: boolean;
  /** Whether somebody writes down what plugins know of a query. */
  readonly collectsMetadata: boolean;
  /** Where queries under way are registered, so that plugins are not closed under them. */
  readonly work: Work;
}

export interface Router {
  /** Undefined when no zone holds the name. */
  siteFor(question: Question): Site | undefined;
  /** The zones, for those who ask for something else. */
  readonly zonesText: string;
}

export function siteOf(zone: Name, block: RunningBlock, work: Work): Site {
  return {
    zone,
    zoneText: formatName(zone),
    block,
    listeners: block.members.map(({ layer }) => layer).filter(hears),
    takesAllClasses: block.members.some(({ name }) => name === "chaos" || name === "forward"),
    collectsMetadata: block.members.some(({ name }) => name === "metadata"),
    work,
  };
}

function hears(layer: Layer): layer is Layer & { sent(exchange: Exchange): void } {
  return layer.sent !== undefined;
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
    siteFor(question) {
      const name = lowerName(question.name);
      const site = longest(name);
      if (question.type !== typeCodes.DS || site?.zone.length !== name.length) return site;
      // RFC 4035 §3.1.4.1: DS records are the parent zone's, where both are served here.
      return longest(name.slice(1)) ?? site;
    },
  };
}

/** Whether the site's plugins are asked questions of this class. */
export function takesClass(site: Site, questionClass: number): boolean {
  return questionClass === classCodes.IN || site.takesAllClasses;
}
