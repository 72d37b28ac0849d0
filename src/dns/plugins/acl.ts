/**
 * Corefile word `acl`: who may ask what. The first rule that fits a query decides; without one it is allowed.
 *
 * CoreDNS tells the reason of a refusal even to clients without EDNS; here they get none (RFC 6891 §7).
 */

import type { Reading } from "../corefile/reading.ts";
import type { Directive, Word } from "../corefile/syntax.ts";
import { parseZones, withoutSchemeAndPort } from "../corefile/zones.ts";
import { rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { formatName, isSubdomain } from "../wire/name.ts";
import { typeName } from "../wire/record.ts";
import { because } from "../zone/reason.ts";
import type { Network } from "./network.ts";
import { matcherOf, parseNetwork } from "./network.ts";
import type { Outcome } from "./outcome.ts";
import type { PluginHost } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { queryTypeOf } from "./query-type.ts";
import { replyTo } from "./records-reply.ts";

const actions = ["allow", "block", "filter", "drop"] as const;
type Action = (typeof actions)[number];

interface AclRule {
  readonly action: Action;
  /** Undefined: all types. */
  readonly types: readonly number[] | undefined;
  /** Undefined: all clients. */
  readonly networks: readonly Network[] | undefined;
}

interface AclStanza {
  readonly zones: readonly Name[];
  readonly rules: readonly AclRule[];
}

export const acl = definePlugin<readonly AclStanza[]>({
  name: "acl",

  read: (stanzas, reading, { keys }) =>
    stanzas.map(stanza => {
      if ((stanza.block ?? []).length === 0) {
        reading.report(
          "COREFILE_NO_EFFECT",
          stanza.name.at,
          "acl without rules allows everything",
          "write rules",
        );
      }
      return {
        zones: stanza.args.length === 0 ? keys.map(({ zone }) => zone) : readZones(stanza.args, reading),
        rules: (stanza.block ?? []).flatMap(line => readRule(line, reading)),
      };
    }),

  explain: stanzas =>
    stanzas
      .flatMap(({ zones, rules }) => rules.map(rule => explainRule(rule, zones)))
      .concat("All else is allowed."),

  start(stanzas, { instruments }) {
    const decide = deciderOf(stanzas);
    const countOf = countersOf(instruments);
    return {
      handle(query, next) {
        const { action, zone } = decide(query);
        countOf[action]({ server: query.server, zone: formatName(zone), view: "" });
        return action === "allow" ? next(query) : turnAway(query, action);
      },
    };
  },
});

/** What is not understood could hide something from nobody, or show it to everybody. */
function refuse(word: Word, what: string, remedy: string, reading: Reading): void {
  reading.report("COREFILE_UNSAFE_TO_IGNORE", word.at, what, remedy);
}

function readZones(words: readonly Word[], reading: Reading): readonly Name[] {
  return words.flatMap(word => {
    if (parseZones(withoutSchemeAndPort(word.text)) !== undefined) return reading.zones([word]);
    refuse(word, `"${word.text}" is not a domain name`, "correct it", reading);
    return [];
  });
}

/** `ACTION [type TYPE…] [net CIDR…]` */
function readRule({ name, args }: Directive, reading: Reading): readonly AclRule[] {
  const action = actions.find(one => one === name.text.toLowerCase());
  if (action === undefined) {
    refuse(name, `acl has no action "${name.text}"`, `write one of: ${actions.join(", ")}`, reading);
    return [];
  }
  const words: { readonly type: Word[]; readonly net: Word[] } = { type: [], net: [] };
  let section: Word[] | undefined;
  for (const [index, word] of args.entries()) {
    const following = args[index + 1];
    if (isSectionName(word)) {
      section = words[word.text.toLowerCase() as keyof typeof words];
      if (following === undefined || isSectionName(following)) {
        refuse(word, `nothing follows ${word.text}`, "write what the rule is about, or *", reading);
      }
    } else if (section === undefined) {
      refuse(word, `"${word.text}" is not known here`, "write type or net in front", reading);
    } else section.push(word);
  }
  return [{ action, types: readTypes(words.type, reading), networks: readNetworks(words.net, reading) }];
}

function isSectionName({ text }: Word): boolean {
  return /^(type|net)$/i.test(text);
}

function readTypes(words: readonly Word[], reading: Reading): readonly number[] | undefined {
  const types = words.flatMap(word => {
    if (word.text === "*") return [];
    const type = queryTypeOf(word.text);
    if (type === undefined)
      refuse(word, `"${word.text}" is not a type`, "write one such as AAAA, or *", reading);
    return type ?? [];
  });
  return isAll(words) ? undefined : types;
}

function readNetworks(words: readonly Word[], reading: Reading): readonly Network[] | undefined {
  const networks = words.flatMap(word => {
    if (word.text === "*") return [];
    const hostLength = word.text.includes(":") ? 128 : 32;
    const network = parseNetwork(word.text.includes("/") ? word.text : `${word.text}/${hostLength}`);
    if (network === undefined) {
      refuse(
        word,
        `"${word.text}" is not a network`,
        "write an address, a CIDR such as 10.0.0.0/8, or *",
        reading,
      );
    }
    return network ?? [];
  });
  return isAll(words) ? undefined : networks;
}

function isAll(words: readonly Word[]): boolean {
  return words.length === 0 || words.some(({ text }) => text === "*");
}

function deciderOf(stanzas: readonly AclStanza[]): (query: Query) => { action: Action; zone: Name } {
  const compiled = stanzas.map(({ zones, rules }) => ({
    // The longest zone that holds a name is the one it is counted for.
    zones: zones.toSorted((a, b) => b.length - a.length),
    rules: rules.map(({ action, types, networks }) => ({
      action,
      takesType: types === undefined ? always : (type: number) => types.includes(type),
      takesClient: networks === undefined ? always : matcherOf(networks),
    })),
  }));
  return ({ name, question, client, zone: zoneOfBlock }) => {
    for (const { zones, rules } of compiled) {
      const zone = zones.find(one => isSubdomain(name, one));
      if (zone === undefined) continue;
      const rule = rules.find(one => one.takesType(question.type) && one.takesClient(client.address));
      if (rule !== undefined) return { action: rule.action, zone };
    }
    return { action: "allow", zone: zoneOfBlock };
  };
}

function always(): boolean {
  return true;
}

type Labels = { readonly server: string; readonly zone: string; readonly view: string };

function countersOf(instruments: PluginHost["instruments"]): Record<Action, (labels: Labels) => void> {
  const counterOf = (what: string) => {
    const help = `Queries that an access rule has ${what}.`;
    const counter = instruments.counter(`coredns_acl_${what}_requests_total`, help, [
      "server",
      "zone",
      "view",
    ]);
    return (labels: Labels) => counter.inc(labels);
  };
  const allowed = instruments.counter(
    "coredns_acl_allowed_requests_total",
    "Queries that the access rules let pass.",
    ["server", "view"],
  );
  return {
    allow: ({ server, view }) => allowed.inc({ server, view }),
    block: counterOf("blocked"),
    filter: counterOf("filtered"),
    drop: counterOf("dropped"),
  };
}

function turnAway({ message, question, client }: Query, action: Exclude<Action, "allow">): Outcome {
  if (action === "drop") return { kind: "drop" };
  const isBlocked = action === "block";
  return replyTo(message, {
    plugin: "acl",
    rcode: isBlocked ? rcodes.REFUSED : rcodes.NOERROR,
    isAuthoritative: false,
    reason: because(
      isBlocked ? "blocked-by-acl" : "filtered-by-acl",
      `the server's acl ${action}s this ${typeName(question.type)} question from ${client.address}`,
    ),
  });
}

const verbs: Readonly<Record<Action, string>> = {
  allow: "Allows",
  block: "Refuses",
  filter: "Answers with nothing",
  drop: "Ignores",
};

function explainRule({ action, types, networks }: AclRule, zones: readonly Name[]): string {
  const what = types === undefined ? "questions" : `questions for ${types.map(typeName).join(", ")}`;
  const whom =
    networks === undefined
      ? "everybody"
      : networks.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(", ");
  return `${verbs[action]} ${what} about names in ${zones.map(formatName).join(", ")} from ${whom}.`;
}
