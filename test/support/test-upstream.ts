/**
 * A DNS upstream in this process, on real sockets, that misbehaves on command.
 *
 *     const upstream = await TestUpstream.start();
 *     after(() => upstream.stop());
 *     … forward . ${upstream.target} …
 *     upstream.misbehave("silent");
 *     upstream.restore();
 *     assert.equal(upstream.count("udp"), 1);
 *
 * Without `answer` every name has the address 192.0.2.1 and 2001:db8::1, TTL 300, and no other records.
 */

import { randomInt } from "node:crypto";
import { decodeMessage } from "../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../src/dns/wire/encode.ts";
import { type Message, type Question, rcodes } from "../../src/dns/wire/message.ts";
import { formatName } from "../../src/dns/wire/name.ts";
import { typeName } from "../../src/dns/wire/record.ts";
import { parseZoneText } from "./parse-zone-text.ts";
import { makeTestCertificate, type TestCertificate } from "./test-certificate.ts";
import type { ClientEvents, TestListener } from "./test-upstream-listeners.ts";
import { listenHttps, listenTcp, listenTls, listenUdp } from "./test-upstream-listeners.ts";
import { type Channel, type HttpFields, type Misbehaviour, misbehave } from "./test-upstream-misbehaviour.ts";

/** Zone text in each section; lines like `www.example.org. 300 IN A 192.0.2.1`. */
export interface TestAnswer {
  readonly rcode?: keyof typeof rcodes;
  readonly answers?: string;
  readonly authorities?: string;
  readonly additionals?: string;
  readonly flags?: Partial<
    Pick<Message, "isAuthoritative" | "isTruncated" | "recursionAvailable" | "authenticData">
  >;
}

/** A text is the answer section; undefined: no reply. `name` is the question's as `formatName` writes it. */
export type Answer = (
  question: Question & { readonly nameText: string; readonly typeText: string },
  query: Message,
) => TestAnswer | string | undefined;

/** `dns` is UDP and TCP on one port. */
export type TestTransport = "dns" | "tls" | "https";

export interface TestUpstreamOptions {
  readonly transports?: readonly TestTransport[];
  readonly answer?: Answer;
  /** An own 127.x.y.z by default. */
  readonly address?: string;
  /** For TLS and HTTPS, by default made out to the address and `DNS:dns.test`. */
  readonly certificate?: TestCertificate;
  /** PEM of the certificates that clients have to show. */
  readonly clientCa?: string;
  /** The newest version of HTTP that HTTPS speaks, 2 by default. */
  readonly newestHttp?: 1 | 2;
}

export interface SeenQuery {
  readonly bytes: Buffer;
  readonly message: Message;
  /** `www.example.org. A`, letter case as received. */
  readonly ask: string;
  readonly transport: Channel["transport"];
  readonly clientAddress: string;
  /** Tells connections and sockets of the client apart. */
  readonly clientPort: number;
  readonly http: HttpFields | undefined;
}

export class TestUpstream {
  /** All of them, oldest first; empty it as you like. */
  readonly queries: SeenQuery[] = [];
  readonly address: string;
  readonly certificate: TestCertificate;
  answer: Answer;
  readonly #options: TestUpstreamOptions;
  readonly #ports: Record<TestTransport, number> = { dns: 0, tls: 0, https: 0 };
  #listeners: TestListener[] = [];
  #misbehaviour: { readonly how: Misbehaviour; left: number } | undefined;
  #connectionCount = 0;
  #waiters: (() => void)[] = [];

  private constructor(options: TestUpstreamOptions, address: string, certificate: TestCertificate) {
    this.#options = options;
    this.address = address;
    this.certificate = certificate;
    this.answer = options.answer ?? answerAnyAddress;
  }

  static async start(options: TestUpstreamOptions = {}): Promise<TestUpstream> {
    const address = options.address ?? ownAddress();
    const transports = options.transports ?? ["dns"];
    const isSecret = transports.some(transport => transport !== "dns");
    const certificate = options.certificate ?? (isSecret ? certify(address) : { key: "", cert: "" });
    const upstream = new TestUpstream({ ...options, transports }, address, certificate);
    await upstream.#listen();
    return upstream;
  }

  /** Of UDP and TCP. */
  get port(): number {
    return this.#ports.dns;
  }

  get tlsPort(): number {
    return this.#ports.tls;
  }

  get httpsPort(): number {
    return this.#ports.https;
  }

  /** `ADDRESS:PORT` of UDP and TCP, as a Corefile writes it. */
  get target(): string {
    return this.address.includes(":") ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** For the next `times` queries, or until `restore`. */
  misbehave(how: Misbehaviour, times: number = Number.POSITIVE_INFINITY): void {
    this.#misbehaviour = { how, left: times };
  }

  restore(): void {
    this.#misbehaviour = undefined;
  }

  count(transport?: Channel["transport"]): number {
    return this.queries.filter(query => transport === undefined || query.transport === transport).length;
  }

  /** Resolves when `count` queries have come since the start, or since `queries` was emptied. */
  async seen(count: number): Promise<void> {
    while (this.queries.length < count) await this.#change();
  }

  /** Resolves when so many connections are open over TCP, TLS and HTTPS together. */
  async connections(count: number): Promise<void> {
    while (this.#connectionCount !== count) await this.#change();
  }

  /** Closes all sockets: queries are refused from now on. */
  async stop(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map(listener => listener.close()));
  }

  async restartOnSamePort(): Promise<void> {
    await this.stop();
    await this.#listen();
  }

  async #listen(): Promise<void> {
    const { transports = [], clientCa, newestHttp = 2 } = this.#options;
    const tls = {
      ...this.certificate,
      ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    };
    const events: ClientEvents = {
      query: (query, channel) => this.#take(query, channel),
      connections: change => {
        this.#connectionCount += change;
        this.#wake();
      },
    };
    if (transports.includes("dns")) await this.#listenDns(events);
    if (transports.includes("tls")) {
      this.#keep("tls", await listenTls(this.address, this.#ports.tls, tls, events));
    }
    if (transports.includes("https")) {
      this.#keep("https", await listenHttps(this.address, this.#ports.https, tls, newestHttp, events));
    }
  }

  /** The port that TCP gets may be in use over UDP when the address is shared. */
  async #listenDns(events: ClientEvents): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const tcp = await listenTcp(this.address, this.#ports.dns, events);
      try {
        this.#keep("dns", await listenUdp(this.address, tcp.port, events));
        this.#keep("dns", tcp);
        return;
      } catch (error) {
        await tcp.close();
        if (attempt === 5) throw error;
      }
    }
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #keep(transport: TestTransport, listener: TestListener): void {
    this.#ports[transport] = listener.port;
    this.#listeners.push(listener);
  }

  #take(bytes: Buffer, channel: Channel): void {
    const message = decodeMessage(bytes);
    const [question] = message.questions;
    if (question === undefined) throw new Error("a query without a question");
    const asked = { ...question, nameText: formatName(question.name), typeText: typeName(question.type) };
    const { transport, clientAddress, clientPort, http } = channel;
    const ask = `${asked.nameText} ${asked.typeText}`;
    this.queries.push({
      bytes: Buffer.from(bytes),
      message,
      ask,
      transport,
      clientAddress,
      clientPort,
      http,
    });
    this.#wake();
    const answer = this.answer(asked, message);
    if (answer === undefined) return;
    const reply = Buffer.from(
      encodeReply(message, typeof answer === "string" ? { answers: answer } : answer),
    );
    const misbehaviour = this.#misbehaviour;
    if (misbehaviour === undefined || misbehaviour.left-- <= 0) channel.send(reply);
    else misbehave(misbehaviour.how, bytes, reply, channel).catch(rethrow);
  }
}

function encodeReply(query: Message, answer: TestAnswer): Uint8Array {
  const reply: Message = {
    ...query,
    isResponse: true,
    recursionAvailable: true,
    authenticData: false,
    ...answer.flags,
    rcode: rcodes[answer.rcode ?? "NOERROR"],
    answers: parseZoneText(answer.answers ?? ""),
    authorities: parseZoneText(answer.authorities ?? ""),
    additionals: parseZoneText(answer.additionals ?? ""),
    edns: query.edns && { ...query.edns, udpPayloadSizeBytes: 1232, options: [] },
  };
  return encodeMessage(reply, 0xffff);
}

const answerAnyAddress: Answer = ({ nameText, typeText }) => {
  if (typeText === "A") return `${nameText} 300 IN A 192.0.2.1`;
  return typeText === "AAAA" ? `${nameText} 300 IN AAAA 2001:db8::1` : "";
};

/** Between the addresses that other parts of this repository give out. */
function ownAddress(): string {
  return `127.${randomInt(16, 64)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

function certify(address: string): TestCertificate {
  return makeTestCertificate(`IP:${address}`, "DNS:dns.test");
}

/** A mistake in a test's answer must not be taken for a silent upstream. */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
