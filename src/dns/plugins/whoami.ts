/** Corefile word `whoami`: tells clients the address, port and transport they seem to come from. */

import { maxNameOctets, octetsOf } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { plainAddress } from "./network.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { replyTo } from "./records-reply.ts";

export const whoami = definePlugin<true>({
  name: "whoami",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.hasArguments(stanza, 0);
    reading.hasNoBlock(stanza);
    return true;
  },

  explain: () => [
    "Answers every question with the client's own address and port, in the additional section.",
  ],

  start: () => ({
    handle: query => replyTo(query.message, { plugin: "whoami", additionals: recordsOf(query) }),
  }),
});

function recordsOf({ question, client }: Query): readonly ResourceRecord[] {
  const { name, class: questionClass } = question;
  const record = (data: ResourceRecord["data"], owner = name): ResourceRecord => ({
    name: owner,
    class: questionClass,
    ttlSeconds: 0,
    data,
  });
  const address = plainAddress(client.address);
  const whence = record({ type: address.includes(":") ? "AAAA" : "A", address });
  const transport = [client.protocol === "udp" ? "_udp" : "_tcp", ...name];
  // Below the longest of names there is no room for another label.
  if (octetsOf(transport) > maxNameOctets) return [whence];
  return [whence, record({ type: "SRV", priority: 0, weight: 0, port: client.port, target: [] }, transport)];
}
