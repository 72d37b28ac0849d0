/** Imports point one way: from what acts to what knows, never back. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { filesBelow, textOf } from "./repository.ts";

interface Layer {
  /** Folders of ours it may import from, besides its own; `type F` allows `import type` only. */
  readonly ours: readonly string[];
  /** What it may import from outside; undefined: anything. Type imports are always allowed. */
  readonly foreign?: readonly string[];
}

/** Pure code computes: no sockets, no files, no clock of its own. Address syntax is all it needs of Node. */
const pure = ["node:net"];

/** By folder, the most special first. */
const layers: Readonly<Record<string, Layer>> = {
  "src/dns/wire": { ours: [], foreign: pure },
  "src/dns/corefile": {
    ours: ["src/dns/wire"],
    foreign: [...pure, "node:crypto", "fastest-levenshtein"],
  },
  "src/dns/zone-text": { ours: ["src/dns/wire"], foreign: pure },
  "src/dns/zone": { ours: ["src/cluster/objects.ts", "type src/cluster", "src/dns/wire"], foreign: pure },
  "src/dns/plugins": {
    ours: [
      "src/cluster/cluster-reads.ts",
      "src/cluster/objects.ts",
      "type src/cluster",
      "src/dns/corefile",
      "src/dns/wire",
      "src/dns/zone",
      "src/dns/zone-text",
      "type src/observe/instruments.ts",
    ],
  },
  "src/dns/server": {
    ours: ["type src/cluster", "src/dns/corefile", "src/dns/plugins", "src/dns/wire", "src/dns/zone"],
  },
  "src/cluster": { ours: [] },
  "src/proxy/plan": { ours: ["src/cluster/objects.ts", "type src/cluster", "src/dns/wire"], foreign: pure },
  "src/proxy/configuration": {
    ours: [
      "src/cluster/manifest/scalar-tags.ts",
      "type src/cluster",
      "src/dns/corefile/duration.ts",
      "src/dns/corefile/suggestion.ts",
      "src/proxy/plan",
    ],
    foreign: [...pure, "yaml", "zod"],
  },
  "src/proxy/conntrack": { ours: ["src/cluster/objects.ts", "type src/cluster", "src/proxy/plan"] },
  "src/proxy/health": { ours: ["src/cluster/objects.ts", "type src/cluster", "src/proxy/plan"] },
  "src/proxy/leftovers": { ours: ["src/proxy/plan"] },
  "src/proxy/nftables": { ours: ["src/cluster", "src/proxy/back-end.ts", "src/proxy/plan"] },
  "src/proxy/userspace": { ours: ["src/cluster", "src/proxy/back-end.ts", "src/proxy/plan"] },
  "src/proxy": {
    ours: [
      "src/cluster",
      "src/proxy/configuration",
      "src/proxy/conntrack",
      "src/proxy/health",
      "src/proxy/plan",
      "type src/observe/instruments.ts",
    ],
  },
  "src/observe": { ours: ["type src/"] },
  "src/cli": { ours: ["src/cluster", "src/dns", "src/observe", "src/proxy"] },
  "src/main.ts": { ours: ["src/cli"] },
};

/** Packages that live behind one file, so that replacing one is a change in one place. */
const packageHomes: Readonly<Record<string, string>> = {
  "prom-client": "src/observe/metric-registry.ts",
  pino: "src/observe/log.ts",
  "pino-pretty": "src/observe/log.ts",
};

interface Import {
  readonly file: string;
  readonly target: string;
  readonly isTypeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = textOf(file);
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\(\s*()"([^"]+)"\s*\)/g);
  return [...statements, ...dynamic].map(([, typeWord, specifier = ""]) => ({
    file,
    target: specifier.startsWith(".") ? join(dirname(file), specifier) : specifier,
    isTypeOnly: typeWord !== undefined && typeWord !== "",
  }));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function layerFolderOf(path: string): string | undefined {
  return Object.keys(layers).find(folder => isWithin(path, folder));
}

function isAllowed({ file, target, isTypeOnly }: Import): boolean {
  const folder = layerFolderOf(file);
  const layer = layers[folder ?? ""];
  if (folder === undefined || layer === undefined) return false;
  if (!target.startsWith("src/")) {
    return isTypeOnly || layer.foreign === undefined || layer.foreign.includes(target);
  }
  if (isWithin(target, folder) && layerFolderOf(target) === folder) return true;
  return layer.ours.some(entry => {
    const [word = "", typeFolder] = entry.split(" ");
    return typeFolder === undefined ? isWithin(target, word) : isTypeOnly && isWithin(target, typeFolder);
  });
}

const sources = filesBelow("src").filter(file => file.endsWith(".ts"));
const imports = sources.flatMap(importsOf);

test("import statements are found in all their forms", () => {
  const found = importsOf("src/observe/log.ts").map(({ target, isTypeOnly }) => [target, isTypeOnly]);
  assert.deepEqual(found, [
    ["pino", true],
    ["pino", false],
    ["pino-pretty", false],
  ]);
});

test("every source file has a layer", () => {
  assert.deepEqual(
    sources.filter(file => layerFolderOf(file) === undefined),
    [],
  );
});

test("imports follow the arrows between the layers", () => {
  const wrong = imports.filter(one => !isAllowed(one)).map(({ file, target }) => `${file} → ${target}`);
  assert.deepEqual(wrong, []);
});

for (const [name, home] of Object.entries(packageHomes)) {
  test(`package ${name} is imported in ${home} only`, () => {
    const homes = imports
      .filter(({ target, isTypeOnly }) => target === name && !isTypeOnly)
      .map(one => one.file);
    assert.deepEqual([...new Set(homes)], [home]);
  });
}

for (const [file, target, isTypeOnly, allowed] of [
  ["src/dns/wire/name.ts", "src/cluster/objects.ts", false, false],
  ["src/dns/zone/a.ts", "src/cluster/objects.ts", false, true],
  ["src/dns/zone/a.ts", "src/cluster/store.ts", false, false],
  ["src/dns/zone/a.ts", "node:dgram", false, false],
  ["src/dns/zone/a.ts", "src/dns/server/udp.ts", true, false],
  ["src/cluster/store.ts", "src/observe/log.ts", true, false],
  ["src/cluster/api/reflector.ts", "src/cluster/store.ts", false, true],
  ["src/observe/tail.ts", "src/dns/zone/reason.ts", true, true],
  ["src/observe/tail.ts", "src/dns/zone/reason.ts", false, false],
  ["src/somewhere/else.ts", "node:net", false, false],
] as const) {
  test(`arrow ${file} → ${isTypeOnly ? "type " : ""}${target} is ${allowed ? "allowed" : "refused"}`, () => {
    assert.equal(isAllowed({ file, target, isTypeOnly }), allowed);
  });
}
