/**
 * What CoreDNS starts with has no errors here, and what it refuses has. The verdicts are CoreDNS's own: with its binary
 * in the environment variable `CONFORMANCE_SUBJECT` they are asked for again.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { diskFiles } from "../../../src/cli/corefile-disk.ts";
import { readCorefile } from "../../../src/dns/corefile/read-corefile.ts";
import { dictionary } from "../../../src/dns/plugins/order.ts";

const coredns = process.env.CONFORMANCE_SUBJECT;
/** Own to this file: no server of another test has it. */
const address = "127.86.31.7";
const environment = { WORD: "whoami", ZONE: "z.org", BLANKS: "a b" };
const files = {
  "log.conf": "errors\nlog\n",
  "parts/any.conf": "any\nimport local.conf\n",
  "parts/local.conf": "local\n",
  "options.conf": "1.2.3.4 a.org\n",
  "self.conf": "import self.conf\n",
  "zone.server": "s.org {\n bind ADDRESS\n whoami\n}\n",
};

/** `BIND` stands for a directive that keeps the block off the addresses of others. */
const verdicts: readonly (readonly [text: string, isAccepted: boolean])[] = [
  [". {\nBIND\nwhoami\n}\n", true],
  [".\nBIND\nwhoami\n", true],
  [".\n{\nBIND\nwhoami\n}\n", true],
  [". { whoami }", false],
  [". {\nBIND\nwhoami }\n", false],
  [". {\nBIND\nwhoami\n", false],
  [". {\nBIND\nforward . 1.1.1.1 {\nmax_fails 3\n}\n", true],
  [". {\nBIND\nwhoami\n}\n}\nb.org {\nBIND\n}\n", false],
  ["a.org, b.org,\nc.org {\nBIND\n}\n", true],
  ["a.org, {\nBIND\n}\n", false],
  ["a.org , b.org {\nBIND\n}\n", false],
  ["a.org a.org {\nBIND\n}\n", false],
  ["a.org {\nBIND\n}\na.org {\nBIND\n}\n", false],
  ["a.org {\nBIND\n}\na.org {\nbind 127.86.31.8\n}\n", true],
  ["10.0.0.0/9 fd00::/9 {\nBIND\n}\n", true],
  ["10.0.0.0/33 {\nBIND\n}\n", true],
  ["::/0 {\nBIND\n}\n", false],
  ["a..b {\nBIND\n}\n", false],
  [":1053 {\nBIND\n}\n", false],
  [".:70000 {\nBIND\n}\n", false],
  ["udp://a.org {\nBIND\n}\n", true],
  ["{$ZONE} {\nBIND\n{$WORD}\nlog {$GONE}x{%BLANKS%}\n}\n", true],
  [". {\nBIND\n{$GONE}\n}\n", false],
  [". {\nBIND\nmystery\n}\n", false],
  [". {\nBIND\nlog\n{\nclass error\n}\n}\n", true],
  [". {\nBIND\nforward . 1.1.1.1\n{\nmax_fails 3\n}\n}\n", false],
  [". {\nBIND\nforward . 1.1.1.1 { max_fails 3 }\n}\n", true],
  [". {\nBIND\nforward . 1.1.1.1 { force_tcp }\n}\n", false],
  [". {\nBIND\nhosts { fallthrough }\n}\n", true],
  [". {\nBIND\nlog { class error }\n}\n", false],
  [". {\nBIND\nlog {\n} whoami\n}\n", true],
  [". {\nBIND\nforward . 1.1.1.1 {\n} whoami\n}\n", false],
  [". {\nBIND\nwhoami#comment\n}\n", true],
  ['. {\nBIND\nlog "a.org" "{common}\n}\n', false],
  ['.\nBIND\nlog . "{common}', true],
  ["(s) {\nlog\n}\n. {\nBIND\nimport s\n}\n", true],
  ["(s) {\nlog\n}\n(s) {\n}\n. {\nBIND\n}\n", false],
  ["(s) {\nimport s\n}\n. {\nBIND\n}\n", false],
  ["(s) {\nimport t\n}\n(t) {\nimport s\n}\n. {\nBIND\n}\n", true],
  ["(s) {\nimport t\n}\n(t) {\nimport s\n}\n. {\nBIND\nimport s\n}\n", false],
  [". {\nBIND\nimport s\n}\n(s) {\nlog\n}\n", false],
  ["(s) {\nlog\n}\n. {\nBIND\nimport s a\n}\n", false],
  [
    ". {\nBIND\nimport log.conf\nimport parts/any.conf\nhosts {\nimport options.conf\nfallthrough\n}\n}\n",
    true,
  ],
  [". {\nBIND\nimport *.override\n}\nimport *.server\n", true],
  [". {\nBIND\nimport gone.conf\n}\n", false],
  [". {\nBIND\nimport self.conf\n}\n", false],
  [". {\nBIND\nimport parts\n}\n", false],
  [". {\nBIND\nimport */*.conf\n}\n", false],
  [". {\nBIND\nimport\n}\n", false],
  ["\uFEFF.\t{\r\nBIND\r\nwhoami\r\n}\r\n", true],
];

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "frontdesk-corefile-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.replace("ADDRESS", address));
  }
});
after(() => rmSync(folder, { recursive: true }));

for (const [pattern, isAccepted] of verdicts) {
  const text = pattern.replaceAll("BIND", `bind ${address}`);
  test(`${JSON.stringify(pattern)} is ${isAccepted ? "accepted" : "refused"}`, async () => {
    const file = join(folder, "Corefile");
    const { findings } = readCorefile({ file, text, files: diskFiles(), environment }, dictionary).plan;
    const errors = findings.filter(({ severity }) => severity === "error");
    assert.equal(errors.length === 0, isAccepted, JSON.stringify(errors));
    if (coredns !== undefined) assert.equal(await startsCoredns(coredns, text), isAccepted);
  });
}

/** It has no dry run: it starts, says so, and is ended. */
async function startsCoredns(binary: string, text: string): Promise<boolean> {
  writeFileSync(join(folder, "Corefile"), text);
  const argv = ["-conf", "Corefile", "-dns.port", `${await freePort()}`];
  const server = spawn(binary, argv, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  server.stdout.setEncoding("utf8").on("data", text => {
    output += text;
    if (/^CoreDNS-\d/m.test(output)) server.kill("SIGKILL");
  });
  await once(server, "close");
  return /^CoreDNS-\d/m.test(output);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const bound = server.address();
  server.close();
  await once(server, "close");
  assert.ok(bound !== null && typeof bound !== "string");
  return bound.port;
}
