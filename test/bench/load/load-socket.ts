/** One client: a connected UDP socket, the queries it has under way and the replies to them. */

import type { EnvelopeShape } from "../../../src/dns/server/datagrams/envelope.ts";
import { linux } from "../../../src/dns/server/datagrams/linux-layout.ts";
import { MessageTable } from "../../../src/dns/server/datagrams/message-table.ts";
import { ReceivedBatch } from "../../../src/dns/server/datagrams/received-batch.ts";
import { Slab } from "../../../src/dns/server/datagrams/slab.ts";
import { socketAddress } from "../../../src/dns/server/datagrams/socket-address.ts";
import { systemError } from "../../../src/dns/server/datagrams/system-calls.ts";
import type { ServerAddress } from "../../support/dns-client.ts";
import type { LoadCalls } from "./load-calls.ts";
import type { Questions } from "./questions.ts";
import type { Tally } from "./tally.ts";

const batchSize = 64;
/** A name of 255 octets, header, type and class, up to whole lines of the processor's cache. */
const queryRoomBytes = 320;
/** Replies must not get lost here. */
const bufferBytes = 4 * 1024 * 1024;
/** Ids come again when their queries are answered or lost: at 100 000 a second from 8 sockets after more than a second. */
const idCount = 16_384;

/** The kernel knows where a connected socket sends to. */
const noAddress: EnvelopeShape = {
  nameSizeBytes: 0,
  controlSizeBytes: 0,
  wordCount: 0,
  interfaceWord: -1,
  destinationOffset: -1,
};

export class LoadSocket {
  readonly fd: number;
  /** Queries without a reply so far. */
  outstanding = 0;
  readonly #calls: LoadCalls;
  readonly #questions: Questions;
  readonly #tally: Tally;
  readonly #received: ReceivedBatch;
  readonly #queries: MessageTable;
  readonly #queriesAt = MessageTable.sizeBytes(batchSize, 1);
  /** By id: when the query was sent; 0 without one. */
  readonly #sentAtMs = new Float64Array(idCount);
  #nextId = 0;

  /** Throws the system's error. */
  constructor(calls: LoadCalls, server: ServerAddress, questions: Questions, tally: Tally) {
    this.#calls = calls;
    this.#questions = questions;
    this.#tally = tally;
    this.fd = openConnected(calls, server);
    const socket = { fd: this.fd, family: "IPv4", address: "", port: 0, tellsDestination: false } as const;
    this.#received = new ReceivedBatch(calls, socket, batchSize);
    const slab = new Slab(this.#queriesAt + batchSize * queryRoomBytes, calls.addressOf);
    this.#queries = new MessageTable(slab, batchSize, 1, noAddress);
  }

  /** Sends at most a batch, and gives the number of queries that the kernel has taken. */
  send(count: number, nowMs: number): number {
    const wanted = Math.min(count, batchSize);
    for (let index = 0; index < wanted; index += 1) this.#write(index, this.#idAt(index));
    const first = this.#queries.addressOf(0);
    const sent = Math.max(0, this.#calls.sendmmsg(this.fd, first, wanted, linux.MSG_DONTWAIT));
    for (let index = 0; index < sent; index += 1) this.#note(this.#idAt(index), nowMs);
    this.#nextId = this.#idAt(sent);
    this.#tally.sent += sent;
    return sent;
  }

  /** Reads at most a batch of replies. */
  receive(nowMs: number): void {
    const received = this.#received;
    received.receive();
    const { octets } = received;
    while (received.hasNext) {
      received.advance();
      const { start } = received;
      const id = ((octets[start] as number) << 8) | (octets[start + 1] as number);
      const sentAtMs = this.#sentAtMs[id] ?? 0;
      // Too late, and counted as lost already; or twice, or not asked for at all.
      if (sentAtMs === 0) continue;
      this.#sentAtMs[id] = 0;
      this.outstanding -= 1;
      this.#tally.countReply(octets, start, nowMs - sentAtMs);
    }
  }

  /** Takes what is under way for lost. */
  giveUp(): void {
    if (this.outstanding === 0) return;
    this.#tally.lost += this.outstanding;
    this.outstanding = 0;
    this.#sentAtMs.fill(0);
  }

  close(): void {
    this.#calls.close(this.fd);
  }

  /** Of the batch that is sent next. */
  #idAt(index: number): number {
    return (this.#nextId + index) % idCount;
  }

  #write(index: number, id: number): void {
    const { octets } = this.#queries.slab;
    const at = this.#queriesAt + index * queryRoomBytes;
    const sizeBytes = this.#questions.write(octets, at);
    octets[at] = (id >>> 8) & 0xff;
    octets[at + 1] = id & 0xff;
    this.#queries.setPart(index, 0, at, sizeBytes);
  }

  #note(id: number, nowMs: number): void {
    // All ids have been used since.
    if (this.#sentAtMs[id] !== 0) this.#tally.lost += 1;
    else this.outstanding += 1;
    this.#sentAtMs[id] = nowMs;
  }
}

function openConnected(calls: LoadCalls, { host, port }: ServerAddress): number {
  const type = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
  const fd = calls.socket(linux.AF_INET, type, 0);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bufferBytes);
  if (calls.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, size, size.length) < 0) {
    calls.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVBUF, size, size.length);
  }
  const address = socketAddress(host, port);
  if (calls.connect(fd, address, address.length) < 0) {
    throw systemError("connect", calls.errno(), `${host}:${port}`);
  }
  return fd;
}
