/** Questions put to the zone directly, answers as zone text. */

import type { Kind } from "../../../src/cluster/objects.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import type { RawObject } from "../../../src/cluster/trim.ts";
import { trim } from "../../../src/cluster/trim.ts";
import { rcodeName } from "../../../src/dns/wire/message.ts";
import { parseName } from "../../../src/dns/wire/name.ts";
import { classCodes, typeCodes } from "../../../src/dns/wire/record.ts";
import type { ZoneAnswer } from "../../../src/dns/zone/kubernetes-zone.ts";
import { answerQuestion } from "../../../src/dns/zone/kubernetes-zone.ts";
import type { ZoneOptions } from "../../../src/dns/zone/zone-query.ts";
import { formatRecord } from "../../support/zone-text.ts";

const allKinds: readonly Kind[] = ["Namespace", "Service", "EndpointSlice", "Pod", "Node", "ServiceImport"];

/** A store that holds the objects and, unless told otherwise, has been told everything. */
export function storeOf(objects: readonly RawObject[], syncedKinds = allKinds): ClusterStore {
  const store = new ClusterStore(
    error => {
      throw error;
    },
    () => 1_700_000_000_000,
  );
  for (const raw of objects) store.apply(trim(raw.kind as Kind, raw));
  for (const kind of syncedKinds) store.markSynced(kind);
  return store;
}

export function zoneOptions(changes: Partial<ZoneOptions> = {}): ZoneOptions {
  return {
    zones: ["cluster.local.", "in-addr.arpa.", "ip6.arpa."].map(parseName),
    pods: "insecure",
    ttlSeconds: 5,
    serverAddresses: () => ["10.244.0.2"],
    ...changes,
  };
}

/** What was answered, in words: `NOERROR` with sorted lines, or the rcode with the reason's code. */
export interface Said {
  readonly rcode: string;
  readonly reason: string | undefined;
  readonly answers: readonly string[];
  readonly additionals: readonly string[];
}

/** `ask` is a name and a type: `web.shop.svc.cluster.local. A`. */
export function ask(store: ClusterStore, options: ZoneOptions, question: string): Said {
  const answer = answerOf(store, options, question);
  return {
    rcode: rcodeName(answer.rcode),
    reason: answer.reason?.code,
    answers: answer.answers.map(formatRecord).sort(),
    additionals: answer.additionals.map(formatRecord).sort(),
  };
}

export function answerOf(store: ClusterStore, options: ZoneOptions, question: string): ZoneAnswer {
  const [name = "", type = "A"] = question.split(" ");
  const code = typeCodes[type as keyof typeof typeCodes];
  const answer = answerQuestion(store, options, { name: parseName(name), type: code, class: classCodes.IN });
  if (answer === undefined) throw new Error(`${name} is in none of the zones`);
  return answer;
}
