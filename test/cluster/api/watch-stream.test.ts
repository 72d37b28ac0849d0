import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readWatchEvents, type WatchEvent } from "../../../src/cluster/api/watch-stream.ts";

function event(name: string): WatchEvent {
  return { type: "ADDED", object: { metadata: { name, resourceVersion: "1" } } };
}

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

function read(text: string): Promise<WatchEvent[]> {
  return Array.fromAsync(readWatchEvents(chunksOf(Buffer.from(text), [])));
}

test("watch stream cut anywhere, also inside UTF-8 sequences, yields the same events", async () => {
  const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 40 });
  const names = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(names, cuts, async (words, positions) => {
      const events = words.map(event);
      const bytes = Buffer.from(events.map(entry => `${JSON.stringify(entry)}\n`).join(""));
      assert.deepEqual(await Array.fromAsync(readWatchEvents(chunksOf(bytes, positions))), events);
    }),
  );
});

test("watch stream with empty lines ignores them", async () => {
  assert.deepEqual(await read(`\n${JSON.stringify(event("web"))}\n\n`), [event("web")]);
});

const brokenLines: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["a line that is not JSON", "<html>\n", /^Error: a watch event is not JSON: <html>$/],
  ["null", "null\n", /not a watch event: null/],
  ["an unknown type", `{"type":"X","object":{"metadata":{"resourceVersion":"1"}}}\n`, /not a watch event/],
  ["an object without resourceVersion", `{"type":"ADDED","object":{"metadata":{}}}\n`, /not a watch event/],
  ["an end inside a line", `{"type":"ADDED"`, /the watch ended inside an event/],
  ["a line without end", "x".repeat(17 * 1024 * 1024), /longer than 16777216 bytes/],
];

for (const [what, text, message] of brokenLines) {
  test(`watch stream with ${what} throws after the events before it`, async () => {
    const seen: WatchEvent[] = [];
    const reading = async (): Promise<void> => {
      const bytes = Buffer.from(`${JSON.stringify(event("web"))}\n${text}`);
      for await (const entry of readWatchEvents(chunksOf(bytes, []))) seen.push(entry);
    };
    await assert.rejects(reading(), message);
    assert.deepEqual(seen, [event("web")]);
  });
}
