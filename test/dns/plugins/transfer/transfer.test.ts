import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { file } from "../../../../src/dns/plugins/file/file.ts";
import { transfer } from "../../../../src/dns/plugins/transfer/transfer.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../../src/dns/wire/encode.ts";
import { opcodes, rcodes } from "../../../../src/dns/wire/message.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { replaceFile } from "../../../support/replace-file.ts";
import { formatRecord } from "../../../support/zone-text.ts";
import { explained } from "../explained.ts";
import { type AskOptions, findingsOf, type Rig, startRig } from "../rig.ts";

const plugins = [transfer, file];
const tcp: AskOptions = { client: { protocol: "tcp", address: "127.0.0.1" } };

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "frontdesk-transfer-"));
  await writeFile(join(directory, "zone"), zoneText(1));
});
after(() => rm(directory, { recursive: true }));

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

function zoneText(serial: number): string {
  return `$TTL 60\n@ SOA ns1 host ${serial} 1 1 1 1\n@ NS ns1\nwww A 192.0.2.1\n`;
}

async function start(transferOptions: string, fileOptions = ""): Promise<Rig> {
  const zone = join(directory, "zone");
  rig = await startRig(
    `example.org {\n transfer {\n ${transferOptions}\n }\n file ${zone} {\n ${fileOptions}\n }\n}`,
    { plugins },
  );
  return rig;
}

/** The records of a transfer in their order, or the code that came instead. */
async function takeZone(running: Rig, ask: string, options: AskOptions = tcp): Promise<readonly string[]> {
  const { outcome, rcode, answers } = await running.ask(ask, options);
  if (outcome.kind !== "stream") return answers.length === 0 ? [rcode] : answers;
  return [...outcome.messages].flatMap(message => message.answers.map(formatRecord));
}

/** An IXFR query of a client that has `serial`. */
async function takeChanges(running: Rig, zone: string, serial: number | undefined): Promise<number | string> {
  const query = running.query(`${zone} IXFR`, tcp);
  const name = query.question.name;
  const data = { type: "SOA", primary: name, mailbox: name, serial: serial ?? 0 } as const;
  const times = { refreshSeconds: 1, retrySeconds: 1, expireSeconds: 1, minimumSeconds: 1 };
  const soa = { name, class: 1, ttlSeconds: 0, data: { ...data, ...times } };
  const message = { ...query.message, authorities: serial === undefined ? [] : [soa] };
  const outcome = await running.chain.handle({ ...query, message });
  if (outcome.kind === "failure") return outcome.rcode;
  return outcome.kind === "stream" ? "whole" : "soa";
}

suite("who may take a zone", () => {
  const soa = "example.org. 60 IN SOA ns1.example.org. host.example.org. 1 1 1 1 1";
  const whole = [soa, "example.org. 60 IN NS ns1.example.org.", "www.example.org. 60 IN A 192.0.2.1", soa];

  for (const [options, client, expected] of [
    ["to *", { protocol: "tcp" }, whole],
    ["to *", { protocol: "tls" }, whole],
    ["to *", { protocol: "udp" }, ["REFUSED"]],
    ["to 192.0.2.9 [2001:db8::9]:5300", { protocol: "tcp", address: "192.0.2.9" }, whole],
    ["to 192.0.2.9 [2001:db8::9]:5300", { protocol: "tcp", address: "2001:db8::9" }, whole],
    ["to 192.0.2.9 [2001:db8::9]:5300", { protocol: "tcp", address: "192.0.2.90" }, ["REFUSED"]],
  ] as const) {
    test(`${options} lets ${JSON.stringify(client)} ${expected === whole ? "take it" : "take nothing"}`, async () => {
      assert.deepEqual(await takeZone(await start(options), "Example.org. AXFR", { client }), expected);
    });
  }

  test("a name below the zone is none", async () => {
    assert.deepEqual(await takeZone(await start("to *"), "www.example.org. AXFR"), ["REFUSED"]);
  });

  test("other types go on", async () => {
    assert.deepEqual((await (await start("to *")).ask("www.example.org. A")).answers, [whole[2]]);
  });

  test("the zone closest to the name decides", async () => {
    const zone = join(directory, "zone");
    rig = await startRig(
      `. {\n transfer {\n to *\n }\n transfer a.org {\n to 192.0.2.9\n }\n file ${zone} a.org b.org\n}`,
      { plugins },
    );
    assert.deepEqual(await takeZone(rig, "a.org. AXFR"), ["REFUSED"]);
    assert.equal((await takeZone(rig, "b.org. AXFR")).length, 4);
  });

  test("a zone that has not been read yet is SERVFAIL", async () => {
    rig = await startRig(`. {\n transfer {\n to *\n }\n file ${directory}/none a.org\n}`, { plugins });
    assert.deepEqual(await takeZone(rig, "a.org. AXFR"), ["SERVFAIL"]);
  });
});

suite("IXFR", () => {
  for (const [serial, expected] of [
    [1, "soa"],
    [0, "whole"],
    [2, "soa"],
    [0xffff_ffff, "whole"],
    [0x7000_0000, "soa"],
    [undefined, rcodes.SERVFAIL],
  ] as const) {
    test(`of a client with serial ${serial} is answered ${expected}`, async () => {
      assert.equal(await takeChanges(await start("to *"), "example.org.", serial), expected);
    });
  }
});

test("a large zone comes in messages below 63000 octets, in order", async () => {
  const lines = Array.from({ length: 2000 }, (_, index) => `n${index} TXT "${"x".repeat(100)}" "${index}"`);
  await writeFile(join(directory, "large"), `${zoneText(1)}${lines.join("\n")}\n`);
  rig = await startRig(`. {\n transfer {\n to *\n }\n file ${directory}/large a.org\n}`, { plugins });
  const { outcome } = await rig.ask("a.org. AXFR", tcp);
  assert.ok(outcome.kind === "stream");
  const messages = [...outcome.messages];
  assert.ok(messages.length >= 4);
  for (const message of messages) {
    assert.ok(encodeMessage(message, 65_535).length < 63_000);
    assert.deepEqual(
      message.questions.map(({ name }) => formatName(name)),
      ["a.org."],
    );
    assert.equal(message.isAuthoritative, true);
  }
  const records = messages.flatMap(({ answers }) => answers);
  assert.equal(records.length, 2004);
  assert.deepEqual([records[0]?.data.type, records.at(-1)?.data.type], ["SOA", "SOA"]);
});

suite("notifications", () => {
  /** A secondary server: answers each notification with the next of `codes`, none for undefined. */
  async function secondary(
    codes: readonly (number | undefined)[],
  ): Promise<{ socket: Socket; heard: string[] }> {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const heard: string[] = [];
    socket.on("message", (octets, { port, address }) => {
      const message = decodeMessage(octets);
      const [question] = message.questions;
      assert.deepEqual([message.opcode, message.isAuthoritative, question?.type], [opcodes.NOTIFY, true, 6]);
      const rcode = codes[heard.length];
      heard.push(`${address} ${formatName(question?.name ?? [])}`);
      if (rcode === undefined) return;
      socket.send(encodeMessage({ ...message, isResponse: true, rcode }, 512), port, address);
    });
    return { socket, heard };
  }

  test("go out at the start, and again when the zone has changed", async () => {
    const { socket, heard } = await secondary([rcodes.NOERROR, rcodes.NOERROR]);
    const started = once(socket, "message");
    const running = await start(`to 127.0.0.1:${socket.address().port}\n source 127.0.0.9`, "reload 5ms");
    await started;
    const changed = once(socket, "message");
    await replaceFile(join(directory, "zone"), zoneText(2));
    await changed;
    await running.close();
    await writeFile(join(directory, "zone"), zoneText(1));
    socket.close();
    assert.deepEqual(heard, ["127.0.0.9 example.org.", "127.0.0.9 example.org."]);
  });

  test("are repeated until they are accepted", async () => {
    const { socket, heard } = await secondary([rcodes.REFUSED, rcodes.NOTIMP, rcodes.NOERROR]);
    await start(`to 127.0.0.1:${socket.address().port}`, "reload 0");
    while (heard.length < 3) await once(socket, "message");
    socket.close();
    assert.equal(heard.length, 3);
  });

  test("that are refused three times are told of", async () => {
    const { socket, heard } = await secondary([rcodes.REFUSED, rcodes.REFUSED, rcodes.REFUSED]);
    const running = await start(`to 127.0.0.1:${socket.address().port}`, "reload 0");
    while (!running.lines.some(line => line.includes("did not accept"))) {
      await new Promise(resolve => setTimeout(resolve, 2));
    }
    socket.close();
    assert.equal(heard.length, 3);
    assert.match(running.lines.join(), /zone example.org. has changed: rcode was REFUSED/);
  });

  test("that wait for an answer end with the server", async () => {
    const { socket } = await secondary([]);
    const sent = once(socket, "message");
    const running = await start(`to 127.0.0.1:${socket.address().port}`, "reload 0");
    await sent;
    await running.close();
    socket.close();
    assert.deepEqual(
      running.lines.filter(line => line.includes("did not accept")),
      [],
    );
  });
});

suite("the Corefile", () => {
  for (const [corefile, ...findings] of [
    [". {\n transfer\n}", "2:2 COREFILE_MISSING"],
    [". {\n transfer {\n source 10.0.0.1\n }\n}", "2:2 COREFILE_MISSING"],
    [". {\n transfer ..  {\n to *\n }\n}", "2:11 COREFILE_VALUE"],
    [". {\n transfer {\n to\n }\n}", "3:2 COREFILE_ARGUMENTS"],
    [
      ". {\n transfer {\n to * 10.0.0.0/8 ns1.example.org 10.0.0.1:0\n }\n}",
      "3:7 COREFILE_VALUE",
      "3:18 COREFILE_VALUE",
      "3:34 COREFILE_VALUE",
    ],
    [". {\n transfer {\n to *\n source eth0\n }\n}", "4:9 COREFILE_VALUE"],
    [". {\n transfer {\n to *\n from 10.0.0.1\n }\n}", "4:2 COREFILE_UNKNOWN_OPTION"],
    [". {\n transfer a.org {\n to 10.0.0.1 10.0.0.1:5300 fd00::1 [fd00::1]:5300\n to *\n }\n}"],
  ] as const) {
    test(`${JSON.stringify(corefile)} has ${findings.length} findings`, () => {
      assert.deepEqual(findingsOf(corefile, plugins), findings);
    });
  }
});

test("who may take zones and who is told is explained", () => {
  const corefile =
    "a.org {\n transfer {\n to *\n }\n transfer b.org {\n to 10.0.0.1 10.0.0.2:5300\n source 10.0.0.9\n }\n}";
  assert.deepEqual(explained(corefile, plugins), [
    "Gives whole zones (a.org.) over TCP to everybody.",
    "Gives whole zones (b.org.) over TCP to 10.0.0.1, 10.0.0.2 port 5300. 10.0.0.1, 10.0.0.2 port 5300 are told from 10.0.0.9 when a zone from a file changes.",
  ]);
});
