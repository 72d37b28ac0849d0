/** Corefile word `file`: zones from files of records. */

import type { BlockContext } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Place } from "../../corefile/syntax.ts";
import { opcodes, rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, isSameName, isSubdomain } from "../../wire/name.ts";
import { type ResourceRecord, typeCodes } from "../../wire/record.ts";
import { because } from "../../zone/reason.ts";
import { Freshness } from "../freshness.ts";
import { failure, type Outcome } from "../outcome.ts";
import { definePlugin, type Handler } from "../plugin.ts";
import type { Query } from "../query.ts";
import type { TransferableLayer } from "../transfer/transferable.ts";
import { answerFromZone } from "./answer-from-zone.ts";
import { recordsAt } from "./find-in-zone.ts";
import { ZoneFile } from "./zone-file.ts";
import type { ZoneTree } from "./zone-tree.ts";

interface FileConfig {
  readonly files: readonly FileStanza[];
}

interface FileStanza {
  readonly path: string;
  readonly at: Place;
  readonly zones: readonly Name[];
  readonly reloadMs: number;
  /** Names below these that the file does not hold go on; none without `fallthrough`. */
  readonly fallthroughZones: readonly Name[];
}

const defaultReloadMs = 60_000;

export const file = definePlugin<FileConfig>({
  name: "file",

  read(stanzas, reading, block) {
    const files = stanzas.map(stanza => readStanza(stanza, reading, block));
    reportHidden(stanzas, files, reading);
    return { files: files.filter(one => one !== undefined) };
  },

  explain: ({ files }) => files.map(explainStanza),

  async start({ files }, host) {
    const listeners = new Set<(zone: Name) => void>();
    const onChange = (zone: Name) => {
      for (const listener of listeners) listener(zone);
    };
    const served: ServedZone[] = [];
    const opened: ZoneFile[] = [];
    for (const { path, at, zones, reloadMs, fallthroughZones } of files) {
      const zoneFile = new ZoneFile({
        path: host.path(path),
        origins: zones,
        reloadMs,
        at,
        log: host.log,
        onChange,
      });
      opened.push(zoneFile);
      // Of two files for one zone the later is the one that counts.
      for (const zone of zones) served.unshift({ zone, file: zoneFile, fallthroughZones });
    }
    const close = () => {
      for (const one of opened) one.close();
    };
    try {
      for (const one of opened) await one.start();
    } catch (error) {
      close();
      throw error;
    }
    return layerOf(served, listeners, close);
  },
});

interface ServedZone {
  readonly zone: Name;
  readonly file: ZoneFile;
  readonly fallthroughZones: readonly Name[];
}

function layerOf(
  served: readonly ServedZone[],
  listeners: Set<(zone: Name) => void>,
  close: () => void,
): TransferableLayer {
  // The longest zone first: the one that holds a name most closely.
  const byDepth = served.toSorted((a, b) => b.zone.length - a.zone.length);
  const freshness = new Freshness(1);
  listeners.add(() => freshness.touchAll());
  let isLast = false;
  return {
    answersAlike: true,
    connect({ members }) {
      const own = members.findIndex(({ name }) => name === "file");
      isLast = members.slice(own + 1).every(({ layer }) => layer.handle === undefined);
    },
    handle(query, next) {
      query.provenance?.isMadeFrom(freshness, ["file"]);
      const found = byDepth.find(({ zone }) => isSubdomain(query.name, zone));
      if (found !== undefined) return answer(found, query, next);
      return isLast ? refuseOther(served) : next(query);
    },
    transferable: {
      zones: served.map(({ zone }) => zone),
      contents(zone) {
        const found = served.find(one => isSameName(one.zone, zone));
        const tree = found?.file.tree(found.zone);
        return tree === undefined ? undefined : { soa: tree.soa, records: recordsOf(tree) };
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    close,
  };
}

/** RFC 1035 §4.1.1: an authoritative server refuses names that are not its own. With a plugin behind it, that one decides. */
function refuseOther(served: readonly ServedZone[]): Outcome {
  const zones = served.map(({ zone }) => formatName(zone)).join(" ");
  return failure(rcodes.REFUSED, undefined, because("zone-not-served", `file serves ${zones} only`));
}

/** All but the SOA; the zone's own NS records first. */
function* recordsOf({ apex, nodes }: ZoneTree): Generator<ResourceRecord> {
  yield* recordsAt(apex, typeCodes.NS, false);
  for (const node of nodes) {
    for (const [type, records] of node.sets) {
      const isAhead = node === apex && (type === typeCodes.SOA || type === typeCodes.NS);
      if (!isAhead) yield* records;
    }
  }
}

function answer(
  { zone, file: zoneFile, fallthroughZones }: ServedZone,
  query: Query,
  next: Handler,
): Outcome | Promise<Outcome> {
  const { type } = query.question;
  if (type === typeCodes.AXFR || type === typeCodes.IXFR) {
    return failure(rcodes.REFUSED, undefined, because("transfer-refused", "zone transfers are not allowed"));
  }
  // A notification is for secondary servers; this one reads the zone from a file.
  if (query.message.opcode === opcodes.NOTIFY) return { kind: "drop" };
  const tree = zoneFile.tree(zone);
  if (tree === undefined) return failure(rcodes.SERVFAIL, `zone ${formatName(zone)} has not been read yet`);
  const { outcome, isNameWithoutRecords } = answerFromZone(tree, query);
  const goesOn = isNameWithoutRecords && fallthroughZones.some(ancestor => isSubdomain(query.name, ancestor));
  return goesOn ? next(query) : outcome;
}

function readStanza(stanza: Directive, reading: Reading, block: BlockContext): FileStanza | undefined {
  if (!reading.hasArguments(stanza, 1, Infinity)) return undefined;
  const [path, ...zoneWords] = stanza.args;
  if (path === undefined) return undefined;
  const ownZones = block.keys.map(({ zone }) => zone);
  let reloadMs = defaultReloadMs;
  let fallthroughZones: readonly Name[] = [];
  reading.options(stanza, {
    reload: option => {
      const [duration] = option.args;
      if (!reading.hasArguments(option, 1, Infinity) || duration === undefined) return;
      reloadMs = reading.durationMs(duration) ?? reloadMs;
    },
    fallthrough: option => {
      fallthroughZones = reading.zonesOr(option.args, [[]]);
    },
    upstream: ({ name }) =>
      reading.report("COREFILE_NO_EFFECT", name.at, "file: upstream does nothing any more", "remove it"),
  });
  const zones = reading.zonesOr(zoneWords, ownZones);
  return { path: path.text, at: path.at, zones, reloadMs, fallthroughZones };
}

function reportHidden(
  stanzas: readonly Directive[],
  files: readonly (FileStanza | undefined)[],
  reading: Reading,
): void {
  const later = new Map<string, number>();
  for (const [index, stanza] of [...stanzas.entries()].reverse()) {
    for (const zone of files[index]?.zones ?? []) {
      const name = formatName(zone);
      const line = later.get(name);
      if (line !== undefined) {
        reading.report(
          "COREFILE_NO_EFFECT",
          stanza.name.at,
          `zone ${name} comes from the file in line ${line}`,
          "remove one of them",
        );
      }
      later.set(name, stanza.name.at.line);
    }
  }
}

function explainStanza({ path, zones, reloadMs, fallthroughZones }: FileStanza): string {
  const names = zones.map(formatName).join(", ");
  const reload =
    reloadMs === 0
      ? "It is read once."
      : `Every ${reloadMs / 1000} s a changed file with a new SOA serial is read again.`;
  const below = fallthroughZones.map(formatName).join(", ");
  const fallthrough =
    fallthroughZones.length === 0
      ? ""
      : ` Names below ${below} that it does not hold go on to the next plugin.`;
  return `Answers names in ${names} with the records in ${path}. ${reload}${fallthrough}`;
}
