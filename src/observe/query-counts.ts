/**
 * What is counted of every query, kept as plain numbers until somebody asks.
 *
 * A labelled prom-client counter costs 200 ns per increment and a query moves six of them, a quarter of a core at
 * 200 000 queries per second. Here a query costs four map look-ups, for its server, zone, plugin and kind, and
 * a handful of array increments, one of a known kind the increments only; labels are put into words at scrape time.
 *
 * Names, labels and bucket edges are those of CoreDNS's prometheus plugin, so that dashboards keep working. `view`
 * is always empty: there are no views.
 */

import type { CountedQuery, Tally } from "../dns/plugins/plugin.ts";
import { BucketCounts, bucketSamples, type Sample } from "./bucket-counts.ts";

type Labels = Readonly<Record<string, string>>;

export interface QueryFamily {
  readonly name: string;
  readonly type: "counter" | "histogram";
  readonly help: string;
  samplesOf(counts: ZoneCounts): Iterable<Sample>;
}

/** The metric families every query is counted in. */
export const queryFamilies: readonly QueryFamily[] = [
  {
    name: "coredns_dns_requests_total",
    type: "counter",
    help: "DNS requests, by transport protocol, address family of the client and query type.",
    samplesOf: requestSamples,
  },
  {
    name: "coredns_dns_request_duration_seconds",
    type: "histogram",
    help: "Time from receiving a request to having its answer ready.",
    samplesOf: counts => histogram("coredns_dns_request_duration_seconds", counts.labels, counts.durations),
  },
  {
    name: "coredns_dns_request_size_bytes",
    type: "histogram",
    help: "Size of the request message.",
    samplesOf: counts => sizeSamples("coredns_dns_request_size_bytes", counts.labels, counts.requestSizes),
  },
  {
    name: "coredns_dns_response_size_bytes",
    type: "histogram",
    help: "Size of the response message.",
    samplesOf: counts => sizeSamples("coredns_dns_response_size_bytes", counts.labels, counts.responseSizes),
  },
  {
    name: "coredns_dns_do_requests_total",
    type: "counter",
    help: "DNS requests with the DNSSEC OK bit set.",
    samplesOf: ({ labels, dnssecOkRequests }) =>
      dnssecOkRequests === 0 ? [] : [{ labels, value: dnssecOkRequests }],
  },
  {
    name: "coredns_dns_responses_total",
    type: "counter",
    help: "DNS responses, by response code and the plugin that wrote them.",
    samplesOf: responseSamples,
  },
];

/** Counts of all queries since the start, one set of numbers per server and zone. */
export class QueryCounts {
  readonly #byServer = new Map<string, Map<string, ZoneCounts>>();

  observe(query: CountedQuery): void {
    const { durationSeconds, requestSizeBytes, responseSizeBytes } = query;
    this.#countsOf(query).tallyOf(query).add(durationSeconds, requestSizeBytes, responseSizeBytes);
  }

  tallyOf(query: CountedQuery): Tally {
    return this.#countsOf(query).tallyOf(query);
  }

  samplesOf(family: QueryFamily): Sample[] {
    const samples: Sample[] = [];
    for (const zones of this.#byServer.values()) {
      for (const counts of zones.values()) samples.push(...family.samplesOf(counts));
    }
    return samples;
  }

  #countsOf({ server, zone }: CountedQuery): ZoneCounts {
    return this.#byServer.get(server)?.get(zone) ?? this.#add(server, zone);
  }

  #add(server: string, zone: string): ZoneCounts {
    const counts = new ZoneCounts(server, zone);
    const zones = this.#byServer.get(server);
    if (zones === undefined) this.#byServer.set(server, new Map([[zone, counts]]));
    else zones.set(zone, counts);
    return counts;
  }
}

const protocols = ["udp", "tcp"] as const;
const families = ["1", "2"] as const;

/** The query types with a label of their own, by code; all others are `other`, so that clients cannot invent series. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [43, "DS"],
  [46, "RRSIG"],
  [47, "NSEC"],
  [48, "DNSKEY"],
  [50, "NSEC3"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [251, "IXFR"],
  [252, "AXFR"],
  [255, "ANY"],
]);
const typeLabels = ["other", ...typeNames.values()];
/** From a type code below 256 to its place in `typeLabels`; 0 is `other`. */
const typeIndexes = Uint8Array.from({ length: 256 }, (_, code) =>
  Math.max(0, typeLabels.indexOf(typeNames.get(code) ?? "other")),
);

/** IANA "DNS RCODEs", spelt as CoreDNS does; only 16 is BADVERS here, which is what it means outside TSIG (RFC 6891 §9). */
const rcodeNames: ReadonlyMap<number, string> = new Map([
  [0, "NOERROR"],
  [1, "FORMERR"],
  [2, "SERVFAIL"],
  [3, "NXDOMAIN"],
  [4, "NOTIMP"],
  [5, "REFUSED"],
  [6, "YXDOMAIN"],
  [7, "YXRRSET"],
  [8, "NXRRSET"],
  [9, "NOTAUTH"],
  [10, "NOTZONE"],
  [11, "DSOTYPENI"],
  [16, "BADVERS"],
  [17, "BADKEY"],
  [18, "BADTIME"],
  [19, "BADMODE"],
  [20, "BADNAME"],
  [21, "BADALG"],
  [22, "BADTRUNC"],
  [23, "BADCOOKIE"],
]);

const durationEdgesSeconds = Array.from({ length: 16 }, (_, doublings) => 0.00025 * 2 ** doublings);
const sizeEdgesBytes = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000];

class ZoneCounts {
  readonly labels: Labels;
  /** By protocol, family and type, in this order of significance. */
  readonly requests = new Float64Array(protocols.length * families.length * typeLabels.length);
  readonly durations = new BucketCounts(durationEdgesSeconds);
  readonly requestSizes = protocols.map(() => new BucketCounts(sizeEdgesBytes));
  readonly responseSizes = protocols.map(() => new BucketCounts(sizeEdgesBytes));
  readonly byPlugin = new Map<string, PluginCounts>();
  dnssecOkRequests = 0;

  constructor(server: string, zone: string) {
    this.labels = { server, zone, view: "" };
  }

  /** The same for all of a kind: what differs from one kept answer to the next would be another place in memory. */
  tallyOf(query: CountedQuery): QueryTally {
    const { tallies, responses } = this.byPlugin.get(query.plugin) ?? this.#addPlugin(query.plugin);
    const kind = (requestIndexOf(query) * 2 + (query.isDnssecOk ? 1 : 0)) * rcodeCount + query.rcode;
    let tally = tallies.get(kind);
    if (tally === undefined) {
      tally = new QueryTally(this, query, responses);
      tallies.set(kind, tally);
    }
    return tally;
  }

  #addPlugin(plugin: string): PluginCounts {
    const counts: PluginCounts = { responses: [], tallies: new Map() };
    this.byPlugin.set(plugin, counts);
    return counts;
  }
}

/** Of what one plugin has answered. */
interface PluginCounts {
  /** By rcode; an array with holes, since nearly all codes lie below 6. */
  readonly responses: number[];
  /** By kind. */
  readonly tallies: Map<number, QueryTally>;
}

/** Twelve bits (RFC 6891 §6.1.3). */
const rcodeCount = 4096;

/** The place among `requests`. */
function requestIndexOf({ protocol, family, type }: CountedQuery): number {
  const place = (protocol === "tcp" ? 1 : 0) * families.length + (family === "2" ? 1 : 0);
  return place * typeLabels.length + (type < 256 ? (typeIndexes[type] as number) : 0);
}

/** The places where queries of one kind are counted. */
class QueryTally implements Tally {
  readonly #counts: ZoneCounts;
  readonly #requestIndex: number;
  readonly #requestSizes: BucketCounts;
  readonly #responseSizes: BucketCounts;
  readonly #isDnssecOk: boolean;
  /** By rcode. */
  readonly #responses: number[];
  readonly #rcode: number;

  constructor(counts: ZoneCounts, query: CountedQuery, responses: number[]) {
    const protocol = query.protocol === "tcp" ? 1 : 0;
    this.#counts = counts;
    this.#requestIndex = requestIndexOf(query);
    this.#requestSizes = counts.requestSizes[protocol] as BucketCounts;
    this.#responseSizes = counts.responseSizes[protocol] as BucketCounts;
    this.#isDnssecOk = query.isDnssecOk;
    this.#responses = responses;
    this.#rcode = query.rcode;
  }

  count(durationNs: number, requestSizeBytes: number, responseSizeBytes: number): void {
    this.add(durationNs / 1e9, requestSizeBytes, responseSizeBytes);
  }

  add(durationSeconds: number, requestSizeBytes: number, responseSizeBytes: number): void {
    const { durations, requests } = this.#counts;
    (requests[this.#requestIndex] as number)++;
    durations.observe(durationSeconds);
    this.#requestSizes.observe(requestSizeBytes);
    this.#responseSizes.observe(responseSizeBytes);
    if (this.#isDnssecOk) this.#counts.dnssecOkRequests++;
    this.#responses[this.#rcode] = (this.#responses[this.#rcode] ?? 0) + 1;
  }
}

function* requestSamples({ labels, requests }: ZoneCounts): Iterable<Sample> {
  let index = 0;
  for (const proto of protocols) {
    for (const family of families) {
      for (const type of typeLabels) {
        const value = requests[index++] as number;
        if (value !== 0) yield { labels: { ...labels, proto, family, type }, value };
      }
    }
  }
}

function* responseSamples({ labels, byPlugin }: ZoneCounts): Iterable<Sample> {
  for (const [plugin, { responses }] of byPlugin) {
    for (const [text, value] of Object.entries(responses)) {
      const rcode = rcodeNames.get(Number(text)) ?? `RCODE${text}`;
      yield { labels: { ...labels, rcode, plugin }, value };
    }
  }
}

function* sizeSamples(name: string, labels: Labels, byProtocol: readonly BucketCounts[]): Iterable<Sample> {
  for (const [index, counts] of byProtocol.entries()) {
    yield* histogram(name, { ...labels, proto: protocols[index] as string }, counts);
  }
}

/** Nothing at all for a histogram that never counted, as CoreDNS does. */
function histogram(name: string, labels: Labels, counts: BucketCounts): Iterable<Sample> {
  return counts.count === 0 ? [] : bucketSamples(name, labels, counts);
}
