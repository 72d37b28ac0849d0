/** The pieces of the per-query path, and of the way from an event to an answer. */

import { PlainQuery } from "../../../src/dns/server/plain-query.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import {
  clusterIPName,
  headlessName,
  headlessSlice,
  MicroServer,
  queryFor,
  serviceCount,
} from "./micro-server.ts";

export interface MicroCase {
  readonly name: string;
  readonly work: () => number;
}

const maxUdpSizeBytes = 1232;
/** So many that each is forgotten before it comes again. */
const missingCount = 200_000;
/** As many as to be parsed anew each time. */
const versionCount = 64;

export async function microCases(): Promise<readonly MicroCase[]> {
  const server = await MicroServer.start();
  const logging = await MicroServer.start("log");
  const clusterIP = queries(clusterIPName);
  const headless = queries(headlessName);
  return [
    { name: "parse: a query, by the codec", work: each(clusterIP, query => decodeMessage(query).id) },
    { name: "key: a query, as the shortcut reads it", work: each(clusterIP, readKey()) },
    { name: "hit: ClusterIP", work: each(clusterIP, query => server.answer(query)) },
    { name: "hit: headless, 10 addresses", work: each(headless, query => server.answer(query)) },
    { name: "hit: ClusterIP, log on", work: each(clusterIP, query => logging.answer(query)) },
    { name: "miss: ClusterIP", work: each(clusterIP, query => server.answerAnew(query)) },
    { name: "miss: headless, 10 addresses", work: each(headless, query => server.answerAnew(query)) },
    { name: "miss: NXDOMAIN, a new name each time", work: each(missing(), query => server.answer(query)) },
    { name: "encode: 10 addresses, by the codec", work: encode(server, headless) },
    ...eventCases(server),
  ];
}

function queries(nameOf: (n: number) => string): readonly Buffer[] {
  return Array.from({ length: serviceCount }, (_, n) => queryFor(nameOf(n)));
}

function missing(): readonly Buffer[] {
  return Array.from({ length: missingCount }, (_, n) => queryFor(`missing-${n}.default.svc.cluster.local.`));
}

/** One after the other, over and over. */
function each<Item>(items: readonly Item[], work: (item: Item) => number): () => number {
  let next = 0;
  return () => {
    const item = items[next] as Item;
    next = next + 1 === items.length ? 0 : next + 1;
    return work(item);
  };
}

function readKey(): (query: Buffer) => number {
  const plain = new PlainQuery(1);
  return query => (plain.read(query, 0, query.length) ? plain.hash : Number.NaN);
}

function encode(server: MicroServer, headless: readonly Buffer[]): () => number {
  const messages = headless.map(query => decodeMessage(server.replyTo(query)));
  return each(messages, message => encodeMessage(message, maxUdpSizeBytes).length);
}

/** From the text of a watch event about a slice on: until the store has it, and until the new answer is ready. */
function eventCases(server: MicroServer): readonly MicroCase[] {
  const query = queryFor(headlessName(0));
  const events = Array.from({ length: versionCount }, (_, version) =>
    JSON.stringify({ type: "MODIFIED", object: headlessSlice(0, version) }),
  );
  const apply = (event: string) => {
    server.put(JSON.parse(event).object);
    return event.length;
  };
  return [
    { name: "event to store: a slice of 10", work: each(events, apply) },
    {
      name: "event to zone: a slice of 10 and its answer",
      work: each(events, event => apply(event) + server.answer(query)),
    },
  ];
}
