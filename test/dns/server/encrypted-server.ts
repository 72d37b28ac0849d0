/** A server in this process for DNS over TLS or HTTPS, and a client for the latter. */

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { frame } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { makeTestCertificate, type TestCertificate } from "../../support/test-certificate.ts";
import { newServer, planOf, type TestOptions } from "./test-server.ts";

export const certificate = makeTestCertificate("DNS:dns.test");
export const query = buildQuery("web.test. A");
export const expected = ["web.test. 5 IN A 10.0.0.0"];

const clientOptions = { host: ownAddress, ca: certificate.cert, servername: "dns.test" };

export interface Encrypted {
  readonly port: number;
  /** Of the answers over HTTPS. */
  readonly statuses: readonly number[];
  /** Serves with these options from now on, and with another certificate if one is given. */
  change(options: string, next?: TestCertificate): Promise<void>;
  /** Done at the end of the test too. */
  close(): Promise<void>;
}

/** `options` with PAIR and CA in place of file names. */
export async function startEncrypted(
  context: TestContext,
  scheme: string,
  options: string,
  plugin: Partial<TestOptions> = {},
): Promise<Encrypted> {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-tls-"));
  context.after(() => rm(directory, { recursive: true }));
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const statuses: number[] = [];
  const server = newServer({ onHttpsStatus: (_server, status) => statuses.push(status) });
  context.after(() => server.close());
  const port = await freePort();
  const change = async (words: string, next: TestCertificate = certificate) => {
    await writeFile(cert, next.cert);
    await writeFile(key, next.key);
    // In one go: the folder's name is made up, and may have such letters too.
    const withFiles = words.replace(/PAIR|CA/g, word => (word === "PAIR" ? `${cert} ${key}` : cert));
    const text = `${scheme}://.:${port} {\n bind ${ownAddress}\n answer\n ${withFiles}\n}`;
    await server.apply(planOf(text, plugin));
  };
  await change(options);
  return { port, statuses, change, close: () => server.close() };
}

/** The answer section; rejects when the server ends the connection instead. `identity`: options of `tls.connect`. */
export async function askTls(port: number, identity: object = {}): Promise<readonly string[]> {
  const socket = connectTls({ ...clientOptions, port, ...identity });
  try {
    // With TLS 1.3 the client learns of its refusal only after the handshake.
    const ended = once(socket, "close").then(() => Promise.reject(new Error("no answer")));
    ended.catch(() => {});
    await Promise.race([once(socket, "secureConnect"), ended]);
    socket.write(frame(query));
    const [reply] = (await Promise.race([once(socket, "data"), ended])) as [Buffer];
    return decodeReply(reply.subarray(2)).answer;
  } finally {
    socket.destroy();
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

export const get = { ":path": `/dns-query?dns=${query.toString("base64url")}` };

export function openHttp2(port: number, identity: object = {}): ClientHttp2Session {
  return connectHttp2(`https://${ownAddress}:${port}`, { ...clientOptions, ...identity });
}

/** A connection of its own for each question; rejects when the server ends it without an answer. */
export async function askHttp2(
  port: number,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
  identity: object = {},
): Promise<HttpAnswer> {
  const session = openHttp2(port, identity);
  const failed = once(session, "close").then(() => Promise.reject(new Error("no answer")));
  failed.catch(() => {});
  try {
    const stream = session.request({ ":path": "/dns-query", ...headers });
    stream.end(body);
    const [response] = (await Promise.race([once(stream, "response"), failed])) as [Record<string, unknown>];
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    return { status: Number(response[":status"]), headers: response, body: Buffer.concat(pieces) };
  } finally {
    session.close();
  }
}
