import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatCheckReport } from "../../src/cli/check-report.ts";
import { diskFiles } from "../../src/cli/corefile-disk.ts";
import { finding } from "../../src/dns/corefile/finding.ts";
import { Command } from "../support/command.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "frontdesk-check-"));
  mkdirSync(join(folder, "custom"));
  for (const [path, text] of Object.entries({
    Corefile: ".:1053 {\n errors\n forwrd . 10.0.0.1\n import custom/*.override\n}\n",
    "custom/.hidden.override": "log\n",
    "custom/b.override": "whoami now\n",
    "custom/c.other": "oops\n",
    fine: "a.org b.org {\n whoami\n errors\n}\n",
    odd: ". {\n whoami\n}\n}\n",
  })) {
    writeFileSync(join(folder, path), text);
  }
});
after(() => rmSync(folder, { recursive: true }));

function at(path: string): string {
  return join(folder, path);
}

test("check of a broken Corefile lists place, severity, code, what and remedy, and ends with 1", async () => {
  const { code, stdout, stderr } = await Command.run("check", at("Corefile"));
  const lines = stdout.split("\n").map(line => line.trim().replaceAll(/ {2,}/g, "  "));
  assert.deepEqual(lines, [
    "PLACE  SEVERITY  CODE  WHAT, AND WHAT TO DO",
    `${at("Corefile")}:3:2  error  COREFILE_UNKNOWN_PLUGIN  there is no plugin "forwrd"`,
    "→ did you mean forward?",
    `${at("custom/b.override")}:1:8  error  COREFILE_ARGUMENTS  whoami takes 0 arguments, not 1`,
    "→ remove what is too much",
    "",
    `${at("Corefile")}: 2 errors`,
    "",
  ]);
  assert.deepEqual([code, stderr], [1, ""]);
});

test("check -o json has every field of every finding", async () => {
  const { code, stdout } = await Command.run("check", "-o", "json", at("Corefile"), at("odd"));
  const [first, ...others] = JSON.parse(stdout);
  assert.deepEqual(first, {
    ...{ file: at("Corefile"), line: 3, column: 2 },
    ...{ code: "COREFILE_UNKNOWN_PLUGIN", severity: "error", isTolerated: true },
    ...{ what: 'there is no plugin "forwrd"', remedy: "did you mean forward?" },
  });
  assert.deepEqual(
    others.map(({ file, line }: { file: string; line: number }) => [file, line]),
    [
      [at("custom/b.override"), 1],
      [at("odd"), 4],
    ],
  );
  assert.equal(code, 1);
});

test("check -o plain has one line for each finding, with tabs", async () => {
  const { stdout } = await Command.run("check", "-o", "plain", at("odd"));
  assert.equal(stdout, `${at("odd")}:4:1\twarning\tCOREFILE_RISKY\tthis } closes nothing\tremove it\n`);
});

test("check ends with 0 for a fine Corefile and for warnings", async () => {
  const fine = await Command.run("check", at("fine"));
  assert.deepEqual([fine.code, fine.stdout], [0, `${at("fine")}: nothing to complain about\n`]);
  const odd = await Command.run("check", at("odd"));
  assert.equal(odd.code, 0);
  assert.match(odd.stdout, /: 1 warning\n$/);
});

for (const name of ["-", "stdin"]) {
  test(`check ${name} reads standard input`, async () => {
    const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const child = spawn(process.execPath, [main, "check", name], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(". {\n oops\n}\n");
    const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
    assert.match(stdout, /^stdin:2:2 +error +COREFILE_UNKNOWN_PLUGIN/m);
    assert.equal(child.exitCode, 1);
  });
}

test("check --explain says what each block serves and does, in the order of the chain", async () => {
  const { code, stdout } = await Command.run("check", "--explain", at("fine"));
  const lines = stdout.split("\n");
  assert.equal(
    lines[0],
    `${at("fine")}:1:1  Answers names in a.org., b.org., asked over UDP and TCP on port 53.`,
  );
  assert.equal(lines[1], "  A query passes these from top to bottom, until one answers:");
  assert.match(lines[2] ?? "", /^ {3}1\. errors {2}[A-Z].*\.$/);
  assert.match(lines[3] ?? "", /^ {3}2\. whoami {2}[A-Z].*\.$/);
  assert.equal(code, 0);
});

test("check --explain -o json has findings and blocks", async () => {
  const { stdout } = await Command.run("check", "--explain", "-o", "json", at("fine"));
  const { findings, blocks } = JSON.parse(stdout);
  assert.deepEqual(findings, []);
  const [{ line, serves, plugins }] = blocks;
  assert.deepEqual(
    [line, serves],
    [1, "Answers names in a.org., b.org., asked over UDP and TCP on port 53."],
  );
  assert.deepEqual(
    plugins.map(({ name, line }: { name: string; line: number }) => [name, line]),
    [
      ["errors", 3],
      ["whoami", 2],
    ],
  );
});

for (const [argv, says] of [
  [["check"], /nothing to check/],
  [["check", "no/such/Corefile"], /cannot read no\/such\/Corefile/],
  [["check", "."], /cannot read \./],
  [["check", "-o", "yaml", "Corefile"], /--output "yaml"/],
] as const) {
  test(`frontdesk ${argv.join(" ")} ends with 2 and says why`, async () => {
    const { code, stdout, stderr } = await Command.run(...argv);
    assert.match(stderr, says);
    assert.match(stderr, /^ {2}what to do: /m);
    assert.deepEqual([code, stdout], [2, ""]);
  });
}

test("a table stays readable, and possible, with any number of findings", () => {
  const place = { file: "Corefile", line: 1, column: 1 };
  const findings = Array<ReturnType<typeof finding>>(200_000).fill(
    finding("COREFILE_VALUE", place, "odd", "correct it"),
  );
  const text = formatCheckReport({ files: ["Corefile"], findings, blocks: undefined }, "table");
  assert.match(text, /… and 199500 more; -o json has them all\n\nCorefile: 200000 errors$/);
});

test("files on the disk are found by name and by pattern, hidden ones too", () => {
  const { read, glob } = diskFiles();
  assert.equal(read(at("custom/c.other")), "oops\n");
  assert.equal(read(at("custom/none")), undefined);
  assert.equal(read(at("fine/none")), undefined);
  assert.deepEqual(read(at("custom")), { problem: "it is a folder" });
  assert.deepEqual(glob(at("custom/*.override")), [at("custom/.hidden.override"), at("custom/b.override")]);
  assert.deepEqual(glob(at("custom/?.other")), [at("custom/c.other")]);
  assert.deepEqual(glob(at("cus*/c.other")), [at("custom/c.other")]);
  assert.deepEqual(glob(at("cus*/none")), []);
  assert.deepEqual(glob(at("none/*.override")), []);
});

test("a file without permission is a problem with a reason", { skip: process.getuid?.() === 0 }, () => {
  writeFileSync(at("secret"), "");
  chmodSync(at("secret"), 0);
  assert.match(JSON.stringify(diskFiles().read(at("secret"))), /permission denied/);
});
