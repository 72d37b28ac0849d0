import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientAffinity } from "../../../src/proxy/userspace/client-affinity.ts";
import { EndpointChooser } from "../../../src/proxy/userspace/endpoint-chooser.ts";

const endpoints = Array.from({ length: 8 }, (_, i) => {
  return { address: `10.2.0.${i + 1}`, port: 8080, podName: undefined, isLocal: false };
});

/** A chooser over all endpoints, with a clock that is moved by hand. */
function chooserWith({ timeoutSeconds }: { readonly timeoutSeconds: number | undefined }) {
  let nowMs = 1;
  const affinity = new ClientAffinity(() => nowMs);
  affinity.setTimeout(timeoutSeconds);
  const chooser = new EndpointChooser(affinity);
  chooser.update(endpoints);
  return {
    affinity,
    chooser,
    passSeconds: (seconds: number) => {
      nowMs += seconds * 1000;
    },
    choose: (client: string) => chooser.choose(client)?.address ?? "none",
  };
}

/** Distinct results; 40 choices among 8 are all equal with a probability of 10⁻³⁵. */
function distinct(choose: () => string, times = 40): number {
  return new Set(Array.from({ length: times }, choose)).size;
}

test("client without affinity gets any endpoint each time", () => {
  const { choose } = chooserWith({ timeoutSeconds: undefined });
  assert.ok(distinct(() => choose("10.9.0.1")) > 1);
});

test("client with affinity gets the same endpoint each time, others get others", () => {
  const { choose } = chooserWith({ timeoutSeconds: 60 });
  assert.equal(
    distinct(() => choose("10.9.0.1")),
    1,
  );
  let client = 1;
  assert.ok(distinct(() => choose(`10.9.1.${client++}`)) > 1);
});

test("affinity lasts while new connections come within the timeout", () => {
  const { choose, passSeconds } = chooserWith({ timeoutSeconds: 60 });
  const afterAMinute = () => {
    passSeconds(59);
    return choose("10.9.0.1");
  };
  assert.equal(distinct(afterAMinute), 1);
});

test("affinity ends when no new connection comes within the timeout", () => {
  const { choose, passSeconds } = chooserWith({ timeoutSeconds: 60 });
  const afterTheTimeout = () => {
    passSeconds(61);
    return choose("10.9.0.1");
  };
  assert.ok(distinct(afterTheTimeout) > 1);
});

test("client whose endpoint has gone is moved and then stays there", () => {
  const { chooser, choose } = chooserWith({ timeoutSeconds: 60 });
  const before = choose("10.9.0.1");
  chooser.update(endpoints.filter(endpoint => endpoint.address !== before));
  assert.notEqual(choose("10.9.0.1"), before);
  assert.equal(
    distinct(() => choose("10.9.0.1")),
    1,
  );
});

test("client stays when other endpoints come and go", () => {
  const { chooser, choose } = chooserWith({ timeoutSeconds: 60 });
  const before = choose("10.9.0.1");
  chooser.update(
    endpoints.map(endpoint => (endpoint.address === before ? endpoint : { ...endpoint, port: 9090 })),
  );
  assert.equal(
    distinct(() => choose("10.9.0.1")),
    1,
  );
  assert.equal(choose("10.9.0.1"), before);
});

test("affinity switched on and off live takes effect", () => {
  const { affinity, choose } = chooserWith({ timeoutSeconds: undefined });
  affinity.setTimeout(60);
  assert.equal(
    distinct(() => choose("10.9.0.1")),
    1,
  );
  affinity.setTimeout(undefined);
  assert.ok(distinct(() => choose("10.9.0.1")) > 1);
});

test("endpoints already tried are not chosen, until none is left", () => {
  const { chooser, choose } = chooserWith({ timeoutSeconds: 60 });
  const tried = new Set<string>();
  const chosen = new Set<string>();
  for (let left = endpoints.length; left > 0; left--) {
    const endpoint = chooser.choose("10.9.0.1", tried);
    assert.ok(endpoint !== undefined);
    tried.add(`${endpoint.address}:${endpoint.port}`);
    chosen.add(endpoint.address);
  }
  assert.equal(chosen.size, endpoints.length);
  assert.equal(chooser.choose("10.9.0.1", tried), undefined);
  assert.equal(choose("10.9.0.1"), [...chosen].at(-1), "affinity did not follow the last choice");
});

test("client let go is balanced anew", () => {
  const { chooser, choose } = chooserWith({ timeoutSeconds: 60 });
  const letGoAndChoose = () => {
    chooser.forget("10.9.0.1");
    return choose("10.9.0.1");
  };
  assert.ok(distinct(letGoAndChoose) > 1);
});
