/** Corefile word `hosts`: names from a hosts file and from the Corefile itself. */

import { isIPv4 } from "node:net";
import { addressOfReverseName } from "../../wire/address.ts";
import { rcodes } from "../../wire/message.ts";
import { formatName, isSubdomain } from "../../wire/name.ts";
import type { RecordData } from "../../wire/record.ts";
import { classCodes, typeCodes, typeName } from "../../wire/record.ts";
import type { Reason } from "../../zone/reason.ts";
import { because } from "../../zone/reason.ts";
import type { Reply } from "../outcome.ts";
import { failure } from "../outcome.ts";
import type { Handler } from "../plugin.ts";
import { definePlugin } from "../plugin.ts";
import type { Query } from "../query.ts";
import { replyTo } from "../records-reply.ts";
import type { HostsConfig } from "./hosts-config.ts";
import { readHosts } from "./hosts-config.ts";
import { openHostsFile } from "./hosts-file.ts";
import type { HostsTable } from "./hosts-table.ts";
import { addressesOf, namesOf, parseHosts } from "./hosts-table.ts";

export const hosts = definePlugin<HostsConfig>({
  name: "hosts",

  read: readHosts,

  explain({ file, inline, zones, ttlSeconds, fallthrough }) {
    const more =
      inline.length === 0
        ? ""
        : ` and ${inline.length === 1 ? "a line" : `${inline.length} lines`} of the Corefile`;
    const missing =
      fallthrough.length === 0
        ? "Other names there end with SERVFAIL."
        : `Other names in ${fallthrough.map(formatName).join(", ")} go on to the next plugin.`;
    return [
      `Answers names in ${zones.map(formatName).join(", ")} from ${file}${more}, for ${ttlSeconds} seconds. ${missing}`,
    ];
  },

  async start(config, host) {
    const inline = parseHosts(config.inline.join("\n"), config);
    const file = await openHostsFile(config, inline.entryCount, host);
    return {
      answersAlike: true,
      handle(query, next) {
        query.provenance?.isMadeFrom(file.freshness, ["hosts"]);
        return handle(query, next, config, [file.table, inline]);
      },
      close: () => file.close(),
    };
  },
});

function handle(
  query: Query,
  next: Handler,
  config: HostsConfig,
  tables: readonly HostsTable[],
): ReturnType<Handler> {
  const { name, question } = query;
  if (question.class !== classCodes.IN) return next(query);
  if (question.type === typeCodes.PTR) {
    const address = addressOfReverseName(name);
    const targets = address === undefined ? [] : namesOf(tables, address);
    const pointers = targets.map(target => ({ type: "PTR", target }) as const);
    // Nobody's zone: others may know the way back that is missing here.
    return pointers.length === 0 ? next(query) : answer(query, config, pointers);
  }
  if (!config.zones.some(zone => isSubdomain(name, zone))) return next(query);
  const fallsThrough = config.fallthrough.some(zone => isSubdomain(name, zone));
  if (fallsThrough && config.fallsThroughUnsupported && !isAddressType(question.type)) return next(query);
  const addresses = addressesOf(tables, name);
  if (addresses.length > 0) return answerAddresses(query, config, addresses);
  if (fallsThrough) return next(query);
  // A denial needs the SOA of a zone, and hosts files have none.
  const text = `neither ${config.file} nor the Corefile has ${formatName(name)}, and hosts has no fallthrough for it`;
  return failure(rcodes.SERVFAIL, undefined, because("no-hosts-entry", text));
}

function answerAddresses(query: Query, config: HostsConfig, addresses: readonly string[]): Reply {
  const { type } = query.question;
  const data = addresses
    .map(address => ({ type: isIPv4(address) ? "A" : "AAAA", address }) as const)
    .filter(one => typeCodes[one.type] === type);
  if (data.length > 0) return answer(query, config, data);
  const code = isAddressType(type) ? "no-such-family" : "no-such-type";
  return answer(query, config, [], because(code, `hosts has the name, without ${typeName(type)} records`));
}

function isAddressType(type: number): boolean {
  return type === typeCodes.A || type === typeCodes.AAAA;
}

function answer(
  { question, message }: Query,
  { ttlSeconds }: HostsConfig,
  data: readonly RecordData[],
  reason?: Reason,
): Reply {
  const answers = data.map(one => ({ name: question.name, class: classCodes.IN, ttlSeconds, data: one }));
  return replyTo(message, { plugin: "hosts", answers, reason });
}
