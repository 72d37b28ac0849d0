import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsVerb } from "../../src/cli/dns.ts";
import { upVerb } from "../../src/cli/up.ts";
import type { Verb } from "../../src/cli/verb.ts";
import { readArguments, UsageError } from "../../src/cli/verb.ts";
import { Command } from "../support/command.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { corefileFixture } from "./corefile-fixture.ts";

const wrongCalls: readonly (readonly [argv: readonly string[], says: RegExp, remedy: RegExp])[] = [
  [["upp"], /there is no verb "upp"/, /up, dns, proxy, help, version/],
  [["help", "nothing"], /there is no verb "nothing"/, /use one of/],
  [["up"], /nothing to read/, /file or folder/],
  [["up", "--ecko", "manifests/examples"], /--ecko/, /frontdesk help up/],
  [["up", "no/such/folder"], /no\/such\/folder/, /./],
  [["up", "-o", "yaml", "manifests/examples"], /--output "yaml"/, /table, plain, json/],
  [["up", "--dns.port", "70000", "manifests/examples"], /--dns.port "70000"/, /./],
  [["up", "--listen", "localhost", "manifests/examples"], /"localhost" is not an IP address/, /127\.0\.0\.1/],
  [["up", "--admin", "here", "manifests/examples"], /"here" is no address/, /HOST:PORT/],
  [["dns", "-conf", "no/such/Corefile"], /cannot read the Corefile no\/such\/Corefile/, /-conf/],
  [["dns", "-dns.port", "70000"], /--dns.port "70000"/, /./],
  [["dns", "--kubeconfig", ""], /--kubeconfig is empty/, /leave the flag out/],
  [["proxy", "--config", "no/such/file"], /cannot read no\/such\/file/, /name a file/],
  [["proxy", "now"], /"now" means nothing to frontdesk proxy/, /frontdesk help proxy/],
  [["proxy", "--proxy-mode", "userspace"], /--proxy-mode.*iptables/, /one of them/],
  [["proxy", "--healthz-port", "70000"], /--healthz-port must be a number from 0 to 65535/, /such a number/],
  [["proxy", "--master", "nowhere"], /"nowhere" is no server URL/, /https:/],
  [["dns", "-conf", ""], /--conf is empty/, /leave the flag out/],
  [["dns", "Corefile"], /"Corefile" means nothing/, /help dns/],
];

for (const [argv, says, remedy] of wrongCalls) {
  test(`frontdesk ${argv.join(" ")} says what is wrong and what to do, and ends with 2`, async () => {
    const { code, stdout, stderr } = await Command.run(...argv);
    const [what = "", todo = ""] = stderr.trim().split("\n").slice(-2);
    assert.match(what, /^frontdesk: /);
    assert.match(what, says);
    assert.match(todo, /^ {2}what to do: /);
    assert.match(todo, remedy);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}

test("a kubeconfig that is not there ends with one clear message", async context => {
  const { file } = await corefileFixture(
    context,
    `.:${await freePort()} {\n bind ${ownAddress}\n kubernetes cluster.local\n}\n`,
  );
  const { code, stderr } = await Command.run("dns", "-conf", file, "--kubeconfig", "/no/such/kubeconfig");
  assert.match(stderr, /^frontdesk: .*\/no\/such\/kubeconfig/);
  assert.equal(stderr.trim().split("\n").length, 2);
  assert.equal(code, 2);
});

test("help names every verb, and help on a verb every flag of it", async () => {
  const { code, stdout } = await Command.run("help");
  assert.equal(code, 0);
  for (const verb of [upVerb, dnsVerb]) {
    assert.match(stdout, new RegExp(`^ {2}${verb.name} +${verb.summary}`, "m"));
    const help = await Command.run("help", verb.name);
    for (const flag of verb.flags) assert.ok(help.stdout.includes(`--${flag.name}`), flag.name);
  }
});

const verb: Verb = {
  name: "try",
  summary: "",
  usage: "",
  flags: [
    { name: "dns.port", short: "p", value: "PORT", default: "53", help: "" },
    { name: "conf", value: "FILE", help: "" },
    { name: "echo", help: "" },
  ],
  run: async () => 0,
};

const spellings: readonly (readonly string[])[] = [
  ["--dns.port", "1053", "--conf", "a", "--echo"],
  ["-dns.port", "1053", "-conf=a", "-echo"],
  ["-p=1053", "-conf", "a", "--echo"],
  ["-p", "1053", "--conf=a", "-echo"],
];

for (const argv of spellings) {
  test(`flags written ${argv.join(" ")} are read alike`, () => {
    const given = readArguments(verb, argv);
    assert.deepEqual(
      [given.number("dns.port", 0, 65535), given.text("conf"), given.isSet("echo"), given.positionals],
      [1053, "a", true, []],
    );
  });
}

test("arguments after -- are not flags", () => {
  assert.deepEqual(readArguments(verb, ["--", "-conf"]).positionals, ["-conf"]);
});

test("a number that is none, or out of bounds, is refused", () => {
  for (const text of ["", " ", "x", "1.5", "-1", "65536"]) {
    assert.throws(() => readArguments(verb, [`--dns.port=${text}`]).number("dns.port", 0, 65535), UsageError);
  }
});
