/**
 * DNS over UDP in batches: one system call reads all datagrams that have come, one sends all replies. On the event loop;
 * a query that comes alone is a batch of one and waits for nothing.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { getSystemErrorName } from "node:util";
import type { Envelope } from "./datagrams/envelope.ts";
import { type BoundSocket, leaveGroup, openSocket } from "./datagrams/open-socket.ts";
import { ReceivedBatch } from "./datagrams/received-batch.ts";
import { maxDatagramBytes, ReplyBatch } from "./datagrams/reply-batch.ts";
import { errors, type Readiness, type SystemCalls, type Watch } from "./datagrams/system-calls.ts";
import type { ListenOptions, UDPListener } from "./listener.ts";
import type { Response } from "./reply-bytes.ts";
import { maxShortcutOctets } from "./shortcut.ts";
import { receiveBufferBytes } from "./udp-portable.ts";
import { Work } from "./work.ts";

/** Datagrams in one turn of the event loop, then it is somebody else's: a few milliseconds where each of them takes long. */
const batchSize = 64;
/** While closing; more than the receive buffer holds. */
const maxLastBatches = 512;

/** Listens on `address` and `port`. Throws the system's error. */
export function listenBatched(calls: SystemCalls, options: ListenOptions): UDPListener {
  const { address, port } = options;
  return new BatchedListener(calls, openSocket(calls, address, port, receiveBufferBytes), options);
}

class BatchedListener implements UDPListener {
  readonly kind = "batched";
  readonly address: string;
  readonly port: number;
  readonly #calls: SystemCalls;
  readonly #options: ListenOptions;
  readonly #fd: number;
  readonly #received: ReceivedBatch;
  readonly #replies: ReplyBatch;
  readonly #work = new Work();
  readonly #watch: Watch;
  /** Set while the kernel takes no more replies; no query is read meanwhile. */
  #writable: PromiseWithResolvers<void> | undefined;
  readonly #toldErrors = new Set<number>();
  #isToFlush = false;
  #isOpen = true;

  constructor(calls: SystemCalls, socket: BoundSocket, options: ListenOptions) {
    this.address = options.address;
    this.port = socket.port;
    this.#calls = calls;
    this.#options = options;
    this.#fd = socket.fd;
    this.#received = new ReceivedBatch(calls, socket, batchSize);
    this.#replies = new ReplyBatch(calls, socket, batchSize, errno => this.#tellUnsent(errno));
    this.#watch = calls.watch(socket.fd, { readable: true }, this.#ready);
  }

  /** What has come already is answered, and what comes as long as others are under way. */
  async close(): Promise<void> {
    if (this.#options.sharesQueries) leaveGroup(this.#calls, this.#fd, this.address, this.port);
    await this.#work.finishedWith(() => this.#readAll());
    // The number of a closed descriptor is soon another's.
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    this.#calls.close(this.#fd);
  }

  async #readAll(): Promise<void> {
    for (let batch = 0; batch < maxLastBatches && this.#writable === undefined; batch++) {
      await nextTurn();
      if (!this.#readBatch()) return;
    }
  }

  /**
   * What a callback from native code throws or puts off to the next tick would be stuck until something else happens:
   * the work is done in a callback of node's own, in the same turn of the event loop.
   */
  readonly #ready = (status: number): void => {
    setImmediate(this.#turn, status);
  };

  readonly #turn = (status: number): void => {
    if (!this.#isOpen) return;
    if (status < 0) this.#watchFor(this.#writable === undefined ? { readable: true } : { writable: true });
    if (this.#writable === undefined || this.#unblock()) this.#readBatch();
  };

  /** Whether there may be more. */
  #readBatch(): boolean {
    const isMore = this.#received.hasNext || this.#receive() === batchSize;
    this.#answer();
    return isMore;
  }

  #receive(): number {
    for (;;) {
      const count = this.#received.receive();
      if (count >= 0) return count;
      const errno = this.#calls.errno();
      if (errno === errors.EINTR) continue;
      if (errno === errors.ECONNREFUSED) this.#tellUnsent(errno);
      else if (errno !== errors.EAGAIN) this.#tellError(errno);
      return 0;
    }
  }

  #answer(): void {
    const received = this.#received;
    const replies = this.#replies;
    const { shortcut } = this.#options;
    while (received.hasNext) {
      if (!replies.makeRoom(maxShortcutOctets)) break;
      received.advance();
      const { octets, start, end } = received;
      const size = shortcut?.answer(octets, start, end, replies.octets, replies.start, received) ?? 0;
      if (size > 0) replies.add(received.sender, size);
      else this.#respond(octets.subarray(start, end));
    }
    if (!replies.flush()) this.#block();
  }

  #respond(datagram: Buffer): void {
    // An answer that comes late may look at the query again, when the memory has another in it.
    const response = this.#options.respond(Buffer.from(datagram), this.#received.client());
    if (!(response instanceof Promise) && this.#put(this.#received.sender, response)) return;
    const receiver = this.#received.keepSender();
    if (response instanceof Promise) this.#work.add(response.then(late => this.#sendLate(receiver, late)));
    else this.#work.add(this.#sendWhenWritable(receiver, response));
  }

  #sendLate(receiver: Envelope, response: Response): Promise<void> | undefined {
    if (!this.#isOpen) return undefined;
    if (!this.#put(receiver, response)) return this.#sendWhenWritable(receiver, response);
    this.#flushSoon();
    return undefined;
  }

  async #sendWhenWritable(receiver: Envelope, response: Response): Promise<void> {
    do await this.#writable?.promise;
    while (this.#isOpen && !this.#put(receiver, response));
    if (this.#isOpen) this.#flushSoon();
  }

  /** With all that is ready in this turn of the event loop: answers of upstreams come many at a time, too. */
  #flushSoon(): void {
    if (this.#isToFlush) return;
    this.#isToFlush = true;
    // In this turn. Who closes reads once more at the end, and that sends what is here.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isToFlush = false;
    if (this.#isOpen && this.#writable === undefined && !this.#replies.flush()) this.#block();
  };

  /** False: the kernel takes no more before the socket can be written to. */
  #put(receiver: Envelope, response: Response): boolean {
    // Several messages are for streams; a zone transfer over UDP is refused before it gets here.
    if (!(response instanceof Uint8Array)) return true;
    if (response.length > maxDatagramBytes) {
      this.#tellUnsent(errors.EMSGSIZE);
      return true;
    }
    const replies = this.#replies;
    if (!replies.makeRoom(response.length)) {
      this.#block();
      return false;
    }
    replies.octets.set(response, replies.start);
    replies.add(receiver, response.length);
    return true;
  }

  #block(): void {
    if (this.#writable !== undefined) return;
    this.#writable = Promise.withResolvers();
    this.#work.add(this.#writable.promise);
    this.#watchFor({ writable: true });
  }

  #unblock(): boolean {
    if (!this.#replies.flush()) return false;
    this.#writable?.resolve();
    this.#writable = undefined;
    this.#watchFor({ readable: true });
    return true;
  }

  #watchFor(readiness: Readiness): void {
    this.#watch.start(readiness, this.#ready);
  }

  /** Once: it may come back in each turn of the event loop. */
  #tellError(errno: number): void {
    if (this.#toldErrors.has(errno)) return;
    this.#toldErrors.add(errno);
    this.#options.log.warn({ code: nameOf(errno) }, "UDP socket error; listening goes on");
  }

  /** A client that is gone or unreachable is its own affair, and may be worth a line only to somebody looking for one. */
  #tellUnsent(errno: number): void {
    this.#options.log.debug({ code: nameOf(errno) }, "UDP reply not sent");
  }
}

function nameOf(errno: number): string {
  return getSystemErrorName(-errno);
}
