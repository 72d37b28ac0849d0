import type { TestContext } from "node:test";
import { acl } from "../../../src/dns/plugins/acl.ts";
import { autopath } from "../../../src/dns/plugins/autopath.ts";
import { cache } from "../../../src/dns/plugins/cache/cache.ts";
import { dns64 } from "../../../src/dns/plugins/dns64.ts";
import { errors } from "../../../src/dns/plugins/errors.ts";
import { file } from "../../../src/dns/plugins/file/file.ts";
import { hosts } from "../../../src/dns/plugins/hosts/hosts.ts";
import { k8sExternal } from "../../../src/dns/plugins/k8s-external/k8s-external.ts";
import { kubernetes } from "../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { loadbalance } from "../../../src/dns/plugins/loadbalance/loadbalance.ts";
import { log } from "../../../src/dns/plugins/log/log.ts";
import { metadata } from "../../../src/dns/plugins/metadata.ts";
import { octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import type { Reply } from "../../../src/dns/plugins/outcome.ts";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import type { Client, Query } from "../../../src/dns/plugins/query.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { rewrite } from "../../../src/dns/plugins/rewrite/rewrite.ts";
import { template } from "../../../src/dns/plugins/template/template.ts";
import { whoami } from "../../../src/dns/plugins/whoami.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { buildQuery, type QueryOptions } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { type Rig, startRig } from "../plugins/rig.ts";
import { Answering, loadedStore } from "./answering.ts";

export const plugins = [
  ...[errors, log, dns64, loadbalance, rewrite, autopath, acl, metadata, cache, template, hosts],
  ...[k8sExternal, kubernetes, file, whoami],
];
export const zone = "kubernetes cluster.local in-addr.arpa";
export const web = "web.shop.svc.cluster.local. A";

export const service = (name: string, address: string) =>
  fixtures.service("shop", name, { clusterIPs: [address] });
export const endpoints = (...addresses: string[]) =>
  fixtures.endpointSlice("shop", "db", { endpoints: addresses });

function objects() {
  return [
    fixtures.namespace("shop"),
    fixtures.namespace("lab"),
    service("web", "10.96.0.1"),
    service("mail", "10.96.0.2"),
    fixtures.service("shop", "db", { clusterIPs: ["None"] }),
    endpoints("10.1.0.1", "10.1.0.2"),
    fixtures.externalNameService("shop", "alias", "web.shop.svc.cluster.local"),
    fixtures.pod("shop", "db-0", { podIPs: ["10.1.0.1"] }),
  ];
}

/** Has one address for every name; asked over a turn of the event loop. */
export const upstream: Handler = async query => cachedAddress(query, "203.0.113.1");

/** A reply of an upstream, good for ten seconds. */
export function cachedAddress({ question, message: query }: Query, address: string): Reply {
  const answers = [{ name: question.name, class: 1, ttlSeconds: 10, data: { type: "A", address } as const }];
  const { message } = replyTo(query, { plugin: "upstream", answers });
  return octetsReply(encodeMessage(message, 65_535), { plugin: "forward" });
}

export class Subject {
  readonly store = loadedStore(objects());
  readonly rig: Rig;
  readonly answering: Answering;

  constructor(rig: Rig, store: Subject["store"]) {
    this.rig = rig;
    this.store = store;
    this.answering = new Answering(rig, { usesShortcut: true });
  }

  static async start(context: TestContext, words: string, behind = upstream): Promise<Subject> {
    const store = loadedStore(objects());
    const rig = await startRig(`. {\n${words}\n}`, { plugins, upstream: behind, store });
    context.after(() => rig.close());
    return new Subject(rig, store);
  }

  async ask(
    question: string,
    options: QueryOptions = {},
    from: Partial<Client> = {},
  ): Promise<readonly string[]> {
    const reply = decodeReply((await this.answering.ask(buildQuery(question, options), from)) ?? Buffer.of());
    const addresses = reply.answer.map(record => record.split(" ").at(-1) ?? "");
    return addresses.length > 0 ? addresses.toSorted() : [reply.rcode];
  }

  /** Whether the next query takes the shortcut. */
  async isPrepared(
    question: string,
    options: QueryOptions = {},
    from: Partial<Client> = {},
  ): Promise<boolean> {
    const { hits } = this.answering;
    await this.ask(question, options, from);
    return this.answering.hits > hits;
  }

  async askTwice(question: string, options: QueryOptions = {}, from: Partial<Client> = {}): Promise<void> {
    await this.ask(question, options, from);
    await this.ask(question, options, from);
  }
}
