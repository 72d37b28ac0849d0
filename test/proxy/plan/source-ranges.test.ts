import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import { loadBalancerSources } from "../../../src/proxy/plan/source-ranges.ts";

interface Case {
  readonly ranges: readonly string[];
  readonly family?: IPFamily;
  readonly balancers?: readonly string[];
  readonly nodes?: readonly string[];
  readonly expected: readonly string[] | undefined;
}

const cases: Readonly<Record<string, Case>> = {
  "no range admits everybody": { ranges: [], expected: undefined },
  "ranges are sorted and written with their first address": {
    ranges: ["203.0.113.77/24", "10.1.0.0/16"],
    expected: ["10.1.0.0/16", "203.0.113.0/24"],
  },
  "blanks around a range do not matter": {
    ranges: [" 10.1.2.0/28", "10.1.3.0/28\t"],
    expected: ["10.1.2.0/28", "10.1.3.0/28"],
  },
  "leading zeros are decimal": { ranges: ["010.001.0.0/16"], expected: ["10.1.0.0/16"] },
  "ranges of the other family are no filter for this one": { ranges: ["2001:db8::/32"], expected: undefined },
  "ranges of both families filter each its own": {
    ranges: ["0.0.0.0/1", "2001:db8::/32"],
    family: "IPv6",
    expected: ["2001:db8::/32"],
  },
  "one /0 cancels the filter": { ranges: ["10.1.0.0/16", "0.0.0.0/0"], expected: undefined },
  "one /0 of the other family cancels nothing": {
    ranges: ["10.1.0.0/16", "::/0"],
    expected: ["10.1.0.0/16"],
  },
  "what is no range is skipped": {
    ranges: ["", "10.1.0.1", "10.1.0.0/33", "10.1.0.0/-1", "web.example/8", "10.1.0.0/16/8", "10.1.0.0/16"],
    expected: ["10.1.0.0/16"],
  },
  "range inside another and the same range twice are left out": {
    ranges: ["10.1.2.0/24", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "11.0.0.0/8"],
    expected: ["10.0.0.0/8", "11.0.0.0/8"],
  },
  "range that holds an address of the node admits the balancer's own addresses": {
    ranges: ["192.0.2.0/24"],
    balancers: ["198.51.100.7", "198.51.100.8"],
    nodes: ["2001:db8::1", "192.0.2.1"],
    expected: ["192.0.2.0/24", "198.51.100.7/32", "198.51.100.8/32"],
  },
  "IPv6 range that holds an address of the node admits the balancer's own addresses": {
    ranges: ["2001:db8::/64"],
    family: "IPv6",
    balancers: ["2001:db8:7::7"],
    nodes: ["192.0.2.1", "2001:db8::1"],
    expected: ["2001:db8::/64", "2001:db8:7::7/128"],
  },
  "ranges without an address of the node do not admit the balancer's own addresses": {
    ranges: ["203.0.113.0/24"],
    balancers: ["198.51.100.7"],
    nodes: ["192.0.2.1"],
    expected: ["203.0.113.0/24"],
  },
};

describe("loadBalancerSources", () => {
  for (const [name, { ranges, family = "IPv4", balancers = [], nodes = [], expected }] of Object.entries(
    cases,
  )) {
    test(name, () => {
      const node = { name: "n1", zone: undefined, addresses: nodes };
      const found = loadBalancerSources({ loadBalancerSourceRanges: ranges }, family, balancers, node);
      assert.deepEqual(found, expected);
    });
  }
});
