/** Endpoints of any shape, of nothing that `packed-slice.ts` leaves out. */

import fc from "fast-check";
import type { Endpoint } from "../../src/cluster/objects.ts";

/** What a border between two endpoints looks like in the text that is kept of them. */
const border = fc.constantFrom("],[x10.0.0.1", '],["', "],[", '"],["10.0.0.1"', "]", "\\", '"', "\\u0022],[");
const text = fc.oneof(
  fc.constant(""),
  fc.string(),
  fc.string({ unit: "grapheme" }),
  border,
  fc.stringMatching(/^[a-z0-9-]{1,20}$/),
);
const nonEmpty = text.filter(text => text !== "");
const target = fc.record(
  {
    kind: fc.oneof(fc.constant("Pod"), nonEmpty),
    namespace: fc.oneof(fc.constant("shop"), nonEmpty),
    name: nonEmpty,
  },
  { noNullPrototype: true },
);
const usual = fc.tuple(fc.ipV4()).map(([address]) => [address]);
const addresses = fc.oneof(usual, fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), text), { maxLength: 3 }));

/** In slices of the namespace `shop`. */
export const arbitraryEndpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    addresses,
    isReady: fc.boolean(),
    isServing: fc.boolean(),
    isTerminating: fc.boolean(),
    hostname: text,
    nodeName: fc.constant(""),
    zone: text,
    hints: fc.constant(undefined),
    targetRef: fc.option(target, { nil: undefined }),
  },
  { noNullPrototype: true },
);
