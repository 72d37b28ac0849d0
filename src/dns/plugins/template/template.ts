/** Corefile word `template`: answers made from the question, by patterns and by templates in Go's language. */

import { extendedErrorOption } from "../../wire/ede.ts";
import { rcodes } from "../../wire/message.ts";
import { formatName, isSubdomain, type Name } from "../../wire/name.ts";
import { classCodes, type ResourceRecord, typeCodes } from "../../wire/record.ts";
import { ZoneTextError } from "../../zone-text/zone-text-error.ts";
import type { Chased } from "../chase-alias.ts";
import { chaseAlias } from "../chase-alias.ts";
import { wordOfClass, wordOfType } from "../mnemonics.ts";
import type { Failure, Outcome } from "../outcome.ts";
import { failure } from "../outcome.ts";
import type { CounterOf, Instruments } from "../plugin.ts";
import { definePlugin } from "../plugin.ts";
import type { Query } from "../query.ts";
import { replyTo } from "../records-reply.ts";
import { TemplateError } from "./go-template/template-error.ts";
import type { Section } from "./section-template.ts";
import { sections } from "./section-template.ts";
import type { Stanza } from "./stanza.ts";
import { readStanza } from "./stanza.ts";
import type { TemplateMatch } from "./template-data.ts";
import { dataOf } from "./template-data.ts";

export interface TemplateConfig {
  readonly stanzas: readonly Stanza[];
}

export const template = definePlugin<TemplateConfig>({
  name: "template",

  read(stanzas, reading, block) {
    const ownZones = block.keys.map(({ zone }) => zone);
    return { stanzas: stanzas.flatMap(stanza => readStanza(stanza, ownZones, reading) ?? []) };
  },

  explain: ({ stanzas }) => stanzas.map(explainStanza),

  start({ stanzas }, { instruments }) {
    const counters = createCounters(instruments);
    return {
      answersAlike: true,
      handle(query, next) {
        let name: string | undefined;
        for (const stanza of stanzas) {
          const zone = longestZone(stanza, query);
          if (zone === undefined) continue;
          name ??= formatName(query.name);
          const match = matchPatterns(stanza, query, name, zone);
          if (match !== undefined) return answer(stanza, match, counters);
          if (!stanza.fallthroughZones.some(parent => isSubdomain(query.name, parent))) {
            return failure(rcodes.SERVFAIL, `no pattern of template matches ${name}`);
          }
        }
        return next(query);
      },
    };
  },
});

/** Undefined when the stanza is about other questions. */
function longestZone({ zones, type, class: questionClass }: Stanza, query: Query): Name | undefined {
  const { question, name } = query;
  const isClass =
    [questionClass, classCodes.ANY].includes(question.class) || questionClass === classCodes.ANY;
  const isType = [type, typeCodes.ANY].includes(question.type) || type === typeCodes.ANY;
  if (!isClass || !isType) return undefined;
  return zones.filter(zone => isSubdomain(name, zone)).sort((a, b) => b.length - a.length)[0];
}

function matchPatterns(stanza: Stanza, query: Query, name: string, zone: Name): TemplateMatch | undefined {
  const { question } = query;
  for (const { text, groupNumbers, groupsIn } of stanza.patterns) {
    const groups = groupsIn(name);
    if (groups === undefined) continue;
    return {
      ...{ query, name, groups, groupNumbers, pattern: text },
      zone: formatName(zone),
      type: wordOfType(question.type === typeCodes.ANY ? stanza.type : question.type),
      class: wordOfClass(question.class === classCodes.ANY ? stanza.class : question.class),
    };
  }
  return undefined;
}

type MatchLabel = "server" | "zone" | "view" | "class" | "type";
type FailureLabel = MatchLabel | "section" | "template";

interface Counters {
  readonly matches: CounterOf<MatchLabel>;
  readonly templateFailures: CounterOf<FailureLabel>;
  readonly recordFailures: CounterOf<FailureLabel>;
}

function createCounters(instruments: Instruments): Counters {
  const labels = ["server", "zone", "view", "class", "type"] as const;
  const failureLabels = [...labels, "section", "template"] as const;
  return {
    matches: instruments.counter(
      "coredns_template_matches_total",
      "Queries that a template answers.",
      labels,
    ),
    templateFailures: instruments.counter(
      "coredns_template_template_failures_total",
      "Templates that could not be run.",
      failureLabels,
    ),
    recordFailures: instruments.counter(
      "coredns_template_rr_failures_total",
      "Templates that did not come out as records.",
      failureLabels,
    ),
  };
}

function answer(stanza: Stanza, match: TemplateMatch, counters: Counters): Outcome | Promise<Outcome> {
  // Each match is counted, and templates may speak of the client.
  match.query.provenance?.isForThisQueryOnly();
  counters.matches.inc(labelsOf(match));
  if (stanza.rcode === rcodes.SERVFAIL) return failure(rcodes.SERVFAIL);
  const records = makeRecords(stanza, match, counters);
  if ("kind" in records) return records;
  const chased = records.answer.map(record => chase(match.query, record));
  const join = (found: readonly Chased[]) => reply(stanza, match.query, records, found);
  return chased.some(isPromise) ? Promise.all(chased).then(join) : join(chased.filter(isThere));
}

type Records = Record<Section, ResourceRecord[]>;

function makeRecords({ templates }: Stanza, match: TemplateMatch, counters: Counters): Records | Failure {
  const data = dataOf(match);
  const records: Records = { answer: [], additional: [], authority: [] };
  for (const section of sections) {
    for (const { text, makeRecord } of templates[section]) {
      try {
        records[section].push(makeRecord(data));
      } catch (error) {
        const labels = { ...labelsOf(match), section, template: text };
        if (error instanceof TemplateError) counters.templateFailures.inc(labels);
        else if (error instanceof ZoneTextError) counters.recordFailures.inc(labels);
        else throw error;
        return failure(rcodes.SERVFAIL, `${section} "${text}": ${error.message}`);
      }
    }
  }
  return records;
}

function labelsOf({ query, zone, class: questionClass, type }: TemplateMatch) {
  return { server: query.server, zone, view: "", class: questionClass, type };
}

const nothing: Chased = { answers: [], isTruncated: false, isFromUpstream: false };

/** Who asks for addresses gets those of a CNAME's target too. */
function chase(query: Query, { data }: ResourceRecord): Chased | Promise<Chased> {
  const { type } = query.question;
  const isForAddresses = type === typeCodes.A || type === typeCodes.AAAA;
  return isForAddresses && data.type === "CNAME" ? chaseAlias(query, data.target) : nothing;
}

function isPromise(chased: Chased | Promise<Chased>): chased is Promise<Chased> {
  return chased instanceof Promise;
}

function isThere(chased: Chased | Promise<Chased>): chased is Chased {
  return !isPromise(chased);
}

function reply(stanza: Stanza, query: Query, records: Records, chased: readonly Chased[]): Outcome {
  const { rcode, extendedError } = stanza;
  return replyTo(query.message, {
    plugin: "template",
    rcode,
    isTruncated: chased.some(({ isTruncated }) => isTruncated),
    isFromUpstream: chased.some(({ isFromUpstream }) => isFromUpstream),
    answers: records.answer.flatMap((record, index) => [record, ...(chased[index]?.answers ?? [])]),
    additionals: records.additional,
    authorities: records.authority,
    options:
      extendedError === undefined ? [] : [extendedErrorOption(extendedError.infoCode, extendedError.text)],
  });
}

function explainStanza({ type, class: questionClass, zones, patterns, templates, rcode }: Stanza): string {
  const what = type === typeCodes.ANY ? "queries" : `${wordOfType(type)} queries`;
  const inClass = questionClass === classCodes.ANY ? "" : ` of class ${wordOfClass(questionClass)}`;
  const names = `names in ${zones.map(formatName).join(", ")}`;
  const matching = patterns.map(({ text }) => text).join(" or ");
  const count = sections.reduce((sum, section) => sum + templates[section].length, 0);
  const code = Object.entries(rcodes).find(([, value]) => value === rcode)?.[0] ?? `code ${rcode}`;
  const result =
    count === 0 ? "no records" : count === 1 ? "a record made for them" : `${count} records made for them`;
  const condition = matching === ".*" ? "" : ` that match ${matching}`;
  return `Answers ${what}${inClass} for ${names}${condition} with ${code} and ${result}.`;
}
