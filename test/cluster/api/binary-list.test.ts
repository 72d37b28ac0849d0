/**
 * Lists in Protocol Buffers. The goldens are what kube-apiserver 1.36 says in both forms about the same objects:
 * `curl -H "Accept: application/vnd.kubernetes.protobuf" … | base64`, and without that header.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ApiClient } from "../../../src/cluster/api/api-client.ts";
import { selectionsOf } from "../../../src/cluster/api/api-source.ts";
import { BinaryList, readBinaryStatus } from "../../../src/cluster/api/binary-list.ts";
import { nextPageSize } from "../../../src/cluster/api/lists.ts";
import type { ClusterObject, Kind } from "../../../src/cluster/objects.ts";
import { type RawObject, trim } from "../../../src/cluster/trim.ts";
import { readBinaryList } from "./read-binary-list.ts";
import { services, startRig } from "./source-rig.ts";
import { writeList, writeService } from "./write-binary.ts";

const kinds = ["Namespace", "Service", "EndpointSlice"] as const;
const protobuf = "application/vnd.kubernetes.protobuf";

function golden(name: string): { readonly json: string; readonly octets: Buffer } {
  const read = (end: string) =>
    readFileSync(new URL(`../../fixtures/api-lists/${name}.${end}`, import.meta.url), "utf8");
  return { json: read("json"), octets: Buffer.from(read("protobuf.base64"), "base64") };
}

/** What is kept of an object for DNS, with everything that can be asked of it. */
function kept(kind: Kind, raw: RawObject): object {
  const object: ClusterObject = trim(kind, raw);
  const keep = selectionsOf({})[kind]?.keep;
  const keptObject = keep === undefined ? object : keep(object);
  return "endpoints" in keptObject ? { ...keptObject, endpoints: keptObject.endpoints } : { ...keptObject };
}

for (const kind of kinds) {
  test(`a binary list of ${kind} holds what the same list in JSON holds`, () => {
    const { json, octets } = golden(kind);
    const expected = JSON.parse(json) as { readonly items: readonly RawObject[] };
    const { items } = readBinaryList(octets, kind);
    assert.ok(items.length > 0);
    assert.deepEqual(
      items.map(raw => kept(kind, raw)),
      // Who has written what and when is of interest to nobody who reads this form, nor whom Events are about.
      expected.items.map(raw =>
        kept(kind, {
          ...raw,
          metadata: { ...raw.metadata, managedFields: [], uid: "", creationTimestamp: "" },
        }),
      ),
    );
  });

  test(`a binary list of ${kind} that is cut off anywhere is an error`, () => {
    const { octets } = golden(kind);
    // Of the envelope: magic number, field 1 with type and size, then the list in field 2; two empty texts behind it.
    const startOfList = 4 + 2 + (octets[5] as number) + 1;
    for (let end = startOfList; end < octets.length - 4; end += 1) {
      assert.throws(() => readBinaryList(octets.subarray(0, end), kind), /cut off/, `after ${end} octets`);
    }
    assert.throws(() => readBinaryList(octets.subarray(0, 3), kind), /no known form/);
  });
}

for (const kind of kinds) {
  test(`a binary list of ${kind} that arrives in pieces of any size holds what it holds in one`, () => {
    const { octets } = golden(kind);
    const whole = readBinaryList(octets, kind);
    for (const pieceBytes of [1, 2, 3, 7, 64, 500, octets.length - 1]) {
      const list = new BinaryList(kind);
      const items: RawObject[] = [];
      for (let start = 0; start < octets.length; start += pieceBytes) {
        list.add(octets.subarray(start, start + pieceBytes));
        items.push(...list.items());
      }
      list.close();
      assert.deepEqual({ metadata: list.metadata, items }, whole, `${pieceBytes} octets`);
    }
  });
}

test("a refusal in Protocol Buffers says what it says in JSON", async t => {
  const { json, octets } = golden("Status");
  const { message, reason, code } = JSON.parse(json);
  assert.deepEqual(readBinaryStatus(octets), { message, reason, details: {}, code });
  const client = await clientOf(t, (_request, response) => {
    response.writeHead(403, { "Content-Type": protobuf }).end(octets);
  });
  await assert.rejects(client.get("/", options), { message: `403 Forbidden: ${message}` });
});

test("lists for DNS are asked for in Protocol Buffers, watches and other lists in JSON", async t => {
  const objects = services(2);
  const acceptedBy = async (selections: ReturnType<typeof selectionsOf>) => {
    const { server, store, watching } = await startRig(t, { objects, selections });
    await watching();
    assert.equal([...store.objects("Service")].length, 2);
    return server.requests.map(({ verb, headers }) => `${verb} ${headers.accept}`);
  };
  assert.deepEqual(await acceptedBy(selectionsOf({})), [`list ${protobuf}`, "watch application/json"]);
  assert.deepEqual(await acceptedBy({}), ["list application/json", "watch application/json"]);
});

test("the next page is as large as the objects let it be, and never empty", () => {
  const page = (count: number, sizeBytes: number) => ({
    ...{ items: Array.from({ length: count }, () => ({})), sizeBytes },
    ...{ resourceVersion: "1", continueToken: "x" },
  });
  assert.equal(nextPageSize(page(100, 10_000), "first"), 500);
  assert.equal(nextPageSize(page(100, 1_000_000), "first"), 100);
  assert.equal(nextPageSize(page(100, 1_000_000), "again"), 20);
  assert.equal(nextPageSize(page(1, 50_000_000), "first"), 1);
  assert.equal(nextPageSize(page(0, 100), "first"), 500);
});

const options = { signal: AbortSignal.timeout(10_000), headersSilenceMs: 5_000, bodySilenceMs: 5_000 };

async function clientOf(t: TestContext, answer: RequestListener): Promise<ApiClient> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: async () => ({}),
    renew: async () => {},
  };
  const client = new ApiClient(access);
  t.after(() => {
    client.close();
    server.close();
  });
  return client;
}

/** More octets than any number has: with enough of them what is read is no number at all, and no comparison holds. */
for (const octetCount of [11, 150]) {
  test(`a number of ${octetCount} octets inside of an object is an error, not the end of the object`, () => {
    const endless = Buffer.concat([
      Buffer.from([9 * 8 + 2]),
      Buffer.alloc(octetCount - 1, 0x80),
      Buffer.from([0]),
    ]);
    const item = Buffer.concat([endless, writeService("web", "10.96.0.1")]);
    assert.throws(() => readBinaryList(writeList("7", "", [item]), "Service"), /longer than any number/);
  });
}

test("a negative number, which has ten octets, is passed over like others", () => {
  const negative = Buffer.from([9 * 8, ...Array.from({ length: 9 }, () => 0xff), 1]);
  const item = Buffer.concat([negative, writeService("web", "10.96.0.1")]);
  assert.equal(readBinaryList(writeList("7", "", [item]), "Service").items[0]?.metadata?.name, "web");
});
