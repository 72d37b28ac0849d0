import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadbalance } from "../../../src/dns/plugins/loadbalance/loadbalance.ts";
import { PluginStartError } from "../../../src/dns/plugins/plugin.ts";
import { type ReplyParts, replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { parseZoneText } from "../../support/parse-zone-text.ts";
import { replaceFile } from "../../support/replace-file.ts";
import { until } from "../../support/until.ts";
import { findingsOf, type Rig, startRig } from "./rig.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "frontdesk-loadbalance-"));
});
after(() => rm(directory, { recursive: true }));

const three = parseZoneText(
  ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(ip => `Www.example. 5 IN A ${ip}`).join("\n"),
);

function startLoadbalance(
  directive: string,
  parts: Omit<ReplyParts, "plugin"> = { answers: three },
): Promise<Rig> {
  return startRig(`. {\n loadbalance ${directive}\n}`, {
    plugins: [loadbalance],
    upstream: query => replyTo(query.message, { plugin: "test", ...parts }),
  });
}

/** How often which address is the first of `rounds` replies, by its last digit. */
async function firsts(rig: Rig, rounds: number, ask = "www.example. A"): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    const digit = (await rig.ask(ask)).answers[0]?.at(-1) ?? "";
    seen[digit] = (seen[digit] ?? 0) + 1;
  }
  return seen;
}

for (const directive of ["", "round_robin"]) {
  test(`loadbalance ${directive} gives every address the same share of first places`, async () => {
    const seen = await firsts(await startLoadbalance(directive), 3000);
    for (const digit of ["1", "2", "3"])
      assert.ok(Math.abs((seen[digit] ?? 0) - 1000) < 200, JSON.stringify(seen));
  });
}

test("a reply with one address is given on as it is", async () => {
  const answers = three.slice(0, 1);
  const rig = await startLoadbalance("", { answers });
  const { outcome } = await rig.ask("www.example. A");
  assert.equal(outcome.kind === "reply" && outcome.message.answers, answers);
});

test("weights decide which address comes first; one without has 1", async () => {
  const file = join(directory, "weights");
  await writeFile(
    file,
    "# comment\n\nother.example\n10.0.0.1 255\n\nWWW.example\n10.0.0.1 3\n 10.0.0.3\t2\n",
  );
  const rig = await startLoadbalance(`weighted ${file}`);
  const seen = await firsts(rig, 3000);
  for (const [digit, share] of [
    ["1", 1500],
    ["2", 500],
    ["3", 1000],
  ] as const) {
    assert.ok(Math.abs((seen[digit] ?? 0) - share) < 200, JSON.stringify(seen));
  }
  const { answers } = await rig.ask("www.example. A");
  assert.equal(new Set(answers).size, 3);
  await rig.close();
});

test("weights hold for additional addresses of SRV questions, and not for other types", async () => {
  const file = join(directory, "weights-srv");
  await writeFile(file, "www.example\n10.0.0.3 255\n");
  const rig = await startLoadbalance(`weighted ${file}`, { additionals: three });
  const lasts = async (type: string) => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => rig.ask(`www.example. ${type}`)));
    return replies.filter(({ additionals }) => additionals[0]?.endsWith("3")).length;
  };
  assert.ok((await lasts("SRV")) > 40);
  assert.equal(await lasts("MX"), 0);
  await rig.close();
});

test("weights are read again when their file changes, and kept when it is wrong", async () => {
  const file = join(directory, "weights-reload");
  await writeFile(file, "www.example\n10.0.0.1 255\n10.0.0.2 1\n");
  const two = { answers: three.slice(0, 2) };
  const rig = await startLoadbalance(`weighted ${file} {\n reload 5ms\n}`, two);
  assert.ok(((await firsts(rig, 50))["1"] ?? 0) > 40);
  await replaceFile(file, "www.example\n10.0.0.1 1\n10.0.0.2 255\n#\n");
  await until("the new weights count", async () => ((await firsts(rig, 50))["2"] ?? 0) > 40);
  await replaceFile(file, "www.example\n10.0.0.1 300\n");
  await until("the mistake is told", () => /line 2: \\"300\\" is not a weight/.test(rig.lines.join("\n")));
  assert.ok(((await firsts(rig, 50))["2"] ?? 0) > 40);
  await rig.close();
});

for (const [text, what] of [
  ["10.0.0.1 2\n", "line 1: a name has to come before"],
  ["a.example\n10.0.0.1\n", "line 2: no weight follows 10.0.0.1"],
  ["a.example\nb.example 2\n", 'line 2: "b.example" is not an address'],
  ["a.example\n10.0.0.1 0\n", 'line 2: "0" is not a weight'],
  ["a.example\n10.0.0.1 256\n", 'line 2: "256" is not a weight'],
  ["a.example\n10.0.0.1 2 3\n", "line 2: neither"],
  ["exa..mple\n", 'line 1: "exa..mple" is not a name'],
] as const) {
  test(`a weight file with ${JSON.stringify(text)} keeps the server from starting`, async () => {
    const file = join(directory, "wrong");
    await writeFile(file, text);
    await assert.rejects(startLoadbalance(`weighted ${file}`), (error: unknown) => {
      assert.ok(error instanceof PluginStartError);
      assert.deepEqual([error.at.line, error.at.column], [2, 23]);
      assert.ok(error.what.includes(what), error.what);
      return true;
    });
  });
}

test("a weight file that is not there is waited for, unless it is read once", async () => {
  const file = join(directory, "nowhere");
  const rig = await startLoadbalance(`weighted ${file}`);
  assert.match(rig.lines.join("\n"), /weight file cannot be used/);
  await rig.close();
  await assert.rejects(startLoadbalance(`weighted ${file} {\n reload 0s\n}`), PluginStartError);
});

test("preferred networks come first, in their order, and other records keep their places", async () => {
  const answers = parseZoneText(`
    a.example. 5 IN CNAME www.example.
    www.example. 5 IN A 10.0.0.1
    www.example. 5 IN TXT x
    www.example. 5 IN A 192.168.1.1
    www.example. 5 IN AAAA fd00::1
    www.example. 5 IN A 10.9.20.1`);
  const rig = await startLoadbalance("{\n prefer 10.9.20.0/24 fd00::/8\n prefer 192.168.0.0/16\n}", {
    answers,
  });
  for (let round = 0; round < 10; round += 1) {
    assert.deepEqual(
      (await rig.ask("a.example. A")).answers.map(line => line.split(" ").at(-1)),
      ["www.example.", "10.9.20.1", '"x"', "fd00::1", "192.168.1.1", "10.0.0.1"],
    );
  }
});

for (const [directive, ...findings] of [
  [""],
  ["round_robin x", "2:26 COREFILE_ARGUMENTS"],
  ["foo", "2:14 COREFILE_VALUE"],
  ["weighted", "2:2 COREFILE_ARGUMENTS"],
  ["weighted a b", "2:25 COREFILE_ARGUMENTS"],
  ["weighted a {\n reload\n}", "3:2 COREFILE_ARGUMENTS"],
  ["weighted a {\n reload 5\n}", "3:9 COREFILE_VALUE"],
  ["weighted a {\n prefer 10.0.0.0/8\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["{\n reload 5s\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["{\n prefer 10.0.0.0/8 10.0.0.1\n}", "3:20 COREFILE_VALUE"],
  ["{\n prefer\n}"],
] as const) {
  test(`loadbalance ${directive.replaceAll("\n", "")} has ${findings.length} finding(s)`, () => {
    assert.deepEqual(findingsOf(`. {\n loadbalance ${directive}\n}`, [loadbalance]), findings);
  });
}
