/** Texts nobody would write: reading them throws nothing and points inside the text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  checkProxyConfiguration,
  isProxyConfiguration,
} from "../../../src/proxy/configuration/configuration-file.ts";
import { configure, fixture, header } from "./configuration-rig.ts";

const configMapHead = "kind: ConfigMap\napiVersion: v1\ndata:\n  config.conf: |\n";
const realTexts = [
  fixture("kind"),
  fixture("k3s-like"),
  configMapHead + fixture("k3s-like").replaceAll(/^/gm, "    "),
];

/** What a configuration is made of, and what does not belong there. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      "\n",
      "  ",
      "\r\n",
      "- ",
      ": ",
      "{",
      "}",
      "[",
      "]",
      '"',
      "&a ",
      "*a",
      "<<: ",
      "---\n",
      "|\n",
      "? ",
      "\t",
    ],
    ...[
      "null",
      "0s",
      "-1s",
      "14",
      "1e400",
      "__proto__: 1\n",
      "mode: ",
      "ipvs",
      "iptables:\n  ",
      "syncPeriod: ",
    ],
    ...[
      "nodePortAddresses:\n- ",
      "primary",
      "10.0.0.0/8",
      "::/0",
      "clusterCIDR: ",
      "kind: ConfigMap\n",
      header,
    ],
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const assembled = fc.array(piece, { maxLength: 40 }).map(pieces => header + pieces.join(""));
const mutated = fc
  .record({
    text: fc.constantFrom(...realTexts),
    cuts: fc.array(fc.tuple(fc.nat(1_500), fc.nat(30), piece), { maxLength: 5 }),
  })
  .map(({ text, cuts }) =>
    cuts.reduce((cut, [at, length, piece]) => cut.slice(0, at) + piece + cut.slice(at + length), text),
  );

function assertInside(text: string): void {
  const lines = text.split("\n");
  for (const { at, what } of checkProxyConfiguration(text, "config.conf")) {
    const line = lines[at.line - 1];
    assert.ok(
      line !== undefined && at.column >= 1 && at.column <= line.length + 1,
      `${at.line}:${at.column} ${what}`,
    );
  }
}

for (const [name, texts] of Object.entries({ assembled, mutated })) {
  test(`${name} texts are judged inside themselves and have a configuration or an error`, () => {
    fc.assert(
      fc.property(texts, text => {
        isProxyConfiguration(text);
        assertInside(text);
        const { configuration, findings } = configure(text);
        assert.equal(
          configuration === undefined,
          findings.some(({ severity }) => severity === "error"),
        );
      }),
      { numRuns: 500 },
    );
  });
}

const leaf = fc.oneof(
  fc.constantFrom(null, "", "0s", 0, true, 1.5, "10.0.0.0/8", -1),
  fc.string(),
  fc.integer(),
);
const field = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }),
  fc.dictionary(fc.string(), leaf, { maxKeys: 3 }),
);
const fieldName = fc.constantFrom(
  ...[
    "mode",
    "iptables",
    "ipvs",
    "nftables",
    "conntrack",
    "clusterCIDR",
    "nodePortAddresses",
    "detectLocalMode",
  ],
  ...[
    "bindAddress",
    "healthzBindAddress",
    "logging",
    "featureGates",
    "oomScoreAdj",
    "configSyncPeriod",
    "winkernel",
  ],
);

test("values of any type in any field are accepted or refused, never thrown over", () => {
  fc.assert(
    fc.property(fc.dictionary(fieldName, field), fields => {
      const text = JSON.stringify({
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        ...fields,
      });
      assertInside(text);
      configure(text);
    }),
    { numRuns: 500 },
  );
});

for (const [name, text] of Object.entries({
  "20 000 open brackets": `${header}a: ${"[".repeat(20_000)}`,
  "5 000 levels":
    header + Array.from({ length: 5_000 }, (_, depth) => `${" ".repeat(depth % 900)}a:`).join("\n"),
  "aliases that grow without bounds": `${header}a: &a [x, x, x, x, x, x, x, x, x]\n${Array.from(
    { length: 9 },
    (_, index) =>
      `b${index}: &${index === 8 ? "z" : `b${index}`} [${Array(9)
        .fill(index === 0 ? "*a" : `*b${index - 1}`)
        .join(", ")}]\n`,
  ).join("")}`,
})) {
  test(`text with ${name} ends in findings`, () => {
    const findings = checkProxyConfiguration(text, "config.conf");
    assert.ok(findings.length > 0);
    assertInside(text);
  });
}

for (const text of [
  "\n".repeat(200_000),
  " ".repeat(200_000),
  "#\n".repeat(100_000),
  "--- ".repeat(50_000),
]) {
  test(`text of ${text.length} times ${JSON.stringify(text[0])} is known at once for what it is not`, () => {
    assert.equal(isProxyConfiguration(`${text}x`), false);
  });
}
