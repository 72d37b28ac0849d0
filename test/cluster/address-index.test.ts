/** The index from addresses to slices, which is made little by little while the cluster goes on changing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { ClusterStore } from "../../src/cluster/store.ts";
import { trim } from "../../src/cluster/trim.ts";
import { endpointSlice } from "../support/cluster-fixtures.ts";

const sliceCount = 300;
const addresses = Array.from({ length: 20 }, (_, index) => `10.0.0.${index}`);

function sliceOf(index: number, its: readonly string[], version: string) {
  const raw = endpointSlice("shop", `web-${index}`, { endpoints: [...its] });
  return {
    ...trim("EndpointSlice", raw),
    name: `web-${index}`,
    resourceVersion: version,
  };
}

function storeOfSlices(): ClusterStore {
  const store = new ClusterStore(error => {
    throw error;
  });
  for (let index = 0; index < sliceCount; index++) {
    store.apply(sliceOf(index, [addresses[index % addresses.length] as string], "1"));
  }
  return store;
}

function namesAt(store: ClusterStore, address: string): string[] {
  return Array.from(store.slicesAt(address), ({ name }) => name).sort();
}

function namesAmongAll(store: ClusterStore, address: string): string[] {
  return [...store.objects("EndpointSlice")]
    .filter(({ endpoints }) => endpoints.some(endpoint => endpoint.addresses.includes(address)))
    .map(({ name }) => name)
    .sort();
}

function agrees(store: ClusterStore): void {
  for (const address of addresses) assert.deepEqual(namesAt(store, address), namesAmongAll(store, address));
}

test("addresses are found while their index is being made, by whoever asks before it is done", async () => {
  const store = storeOfSlices();
  const indexing = store.indexAddresses();
  agrees(store);
  await indexing;
  agrees(store);
});

test("making the index lets other work run in between", async () => {
  let isOver = false;
  const indexing = storeOfSlices()
    .indexAddresses()
    .then(() => {
      isOver = true;
    });
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn();
    assert.equal(isOver, false, `after ${turn + 1} turns`);
  }
  await indexing;
});

const change = fc.record({
  slice: fc.integer({ min: 0, max: sliceCount + 20 }),
  addresses: fc.option(fc.uniqueArray(fc.constantFrom(...addresses), { maxLength: 4 })),
  isNextTurn: fc.boolean(),
});

test("index that is made while slices come, change and go is the one that is made afterwards", async () => {
  const changes = fc.array(change, { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(changes, async list => {
      const store = storeOfSlices();
      const indexing = store.indexAddresses();
      for (const [version, { slice, addresses: its, isNextTurn }] of list.entries()) {
        if (its === null) store.remove("EndpointSlice", `shop/web-${slice}`);
        else store.apply(sliceOf(slice, its, `changed ${version}`));
        if (isNextTurn) await nextTurn();
      }
      await indexing;
      agrees(store);
    }),
    { numRuns: 50 },
  );
});
