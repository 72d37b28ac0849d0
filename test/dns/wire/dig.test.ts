import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { infoCodePurpose, parseExtendedError } from "../../../src/dns/wire/ede.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import { type Edns, type Message, optionCodes, rcodeName } from "../../../src/dns/wire/message.ts";
import { formatName } from "../../../src/dns/wire/name.ts";
import { typeName } from "../../../src/dns/wire/record.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { captureDig, type DigGoldens, isDigInstalled } from "./fixtures/capture-dig.ts";
import goldens from "./fixtures/dig.json" with { type: "json" };
import { replies } from "./fixtures/dig-cases.ts";

const edns = (udpPayloadSizeBytes: number, ...options: (readonly [code: number, hex: string])[]): Edns => ({
  udpPayloadSizeBytes,
  version: 0,
  isDnssecOk: false,
  options: options.map(([code, hex]) => ({ code, data: new Uint8Array(Buffer.from(hex, "hex")) })),
});

const { NSID, CLIENT_SUBNET, COOKIE, PADDING } = optionCodes;
/** In the order of `queryArguments`: the question and the EDNS that the arguments ask for. */
const expectedQueries: readonly (readonly [question: string, edns: Edns | undefined])[] = [
  ["web.shop.svc.cluster.local. 1 A", undefined],
  ["web.shop.svc.cluster.local. 1 AAAA", edns(1232)],
  ["_http._tcp.Web.Shop.svc.cluster.local. 1 SRV", edns(1232, [COOKIE, "0123456789abcdef"])],
  ["cluster.local. 1 SOA", { ...edns(4096, [NSID, ""]), isDnssecOk: true }],
  ["example.org. 1 MX", edns(1232, [CLIENT_SUBNET, "000118000a0102"])],
  ["example.org. 1 TYPE65280", undefined],
  ["example.org. 1 HTTPS", edns(1232, [optionCodes.TCP_KEEPALIVE, ""], [PADDING, "00".repeat(80)])],
  ["version.bind. 3 TXT", undefined],
  ["a\\.b.with\\032blank.example. 1 A", undefined],
  [". 1 NS", undefined],
  ["10.0.96.10.in-addr.arpa. 1 PTR", undefined],
  [`a.${"0.".repeat(19)}6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa. 1 PTR`, undefined],
  ["example.org. 1 A", { ...edns(1232), version: 1 }],
];

suite("queries of dig", () => {
  test("every captured query is expected", () => {
    assert.equal(goldens.queries.length, expectedQueries.length);
  });

  goldens.queries.forEach((golden, index) => {
    const name = golden.arguments.join(" ");
    const wire = Buffer.from(golden.hex, "hex");

    test(`decoding what dig ${name} sends gives what it was told to ask`, () => {
      const query = decodeMessage(wire);
      const [question, expectedEdns] = expectedQueries[index] ?? [];
      assert.deepEqual(
        query.questions.map(q => `${formatName(q.name)} ${q.class} ${typeName(q.type)}`),
        [question],
      );
      assert.deepEqual(query.edns, expectedEdns);
      assert.equal(query.recursionDesired, !golden.arguments.includes("+norecurse"));
      assert.equal(query.authenticData, !golden.arguments.includes("+noadflag"));
      assert.equal(query.checkingDisabled, golden.arguments.includes("+cdflag"));
    });

    test(`encoding what dig ${name} sends gives the same octets`, () => {
      assert.equal(Buffer.from(encodeMessage(decodeMessage(wire), 512)).toString("hex"), golden.hex);
    });
  });
});

suite("replies to dig", () => {
  test("every reply has a golden", () => {
    assert.deepEqual(
      goldens.replies.map(golden => golden.name),
      Object.keys(replies),
    );
  });

  for (const golden of goldens.replies) {
    const message = replies[golden.name] as Message;

    test(`encoding ${golden.name} gives the octets that dig understood`, () => {
      assert.equal(Buffer.from(encodeMessage(message, 65535)).toString("hex"), golden.hex);
    });

    test(`decoding ${golden.name} gives the records that dig prints`, () => {
      const decoded = decodeMessage(Buffer.from(golden.hex, "hex"));
      const { answers, authorities, additionals } = decoded;
      assert.deepEqual([...answers, ...authorities, ...additionals].map(formatRecord), recordLines(golden));
      const header = golden.text.find(line => line.includes("->>HEADER<<-"));
      assert.match(header ?? "", new RegExp(`status: ${rcodeName(decoded.rcode)}, id: ${decoded.id}$`));
    });

    test(`decoding ${golden.name} gives the extended errors that dig prints`, () => {
      const options = decodeMessage(Buffer.from(golden.hex, "hex")).edns?.options ?? [];
      const lines = options.map(option => extendedErrorLine(option));
      assert.deepEqual(
        lines,
        golden.text.filter(line => line.startsWith("; EDE: ")),
      );
    });
  }
});

test("the goldens are what the installed dig still says", { skip: !(await isDigInstalled()) }, async () => {
  assert.deepEqual(await captureDig(), goldens);
});

/** Lines of records, fields separated by single blanks outside quotes. */
function recordLines(golden: DigGoldens["replies"][number]): string[] {
  const lines = golden.text.filter(line => !line.startsWith(";"));
  return lines.map(line => line.replace(/\t+/g, " ").trimEnd());
}

/** RFC 8914 calls code 0 "Other Error", dig "Other". */
function extendedErrorLine(option: Edns["options"][number]): string {
  const error = parseExtendedError(option);
  const purpose = infoCodePurpose(error?.infoCode ?? -1)?.replace("Other Error", "Other");
  return `; EDE: ${error?.infoCode} (${purpose})${error?.text ? `: (${error.text})` : ""}`;
}
