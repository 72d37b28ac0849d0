import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flag, Verb } from "../../../src/cli/verb.ts";
import { readArguments } from "../../../src/cli/verb.ts";
import { configureProxy } from "../../../src/proxy/configuration/configure-proxy.ts";
import { configurationFlags } from "../../../src/proxy/configuration/flags.ts";
import { flagSchema } from "../../../src/proxy/configuration/settings.ts";

/** The flags fit the command line as they are. */
const flags: readonly Flag[] = configurationFlags;
const verb: Verb = { name: "proxy", summary: "", usage: "", flags, run: async () => 0 };

/** `kube-proxy --help` of 1.36 without what is about the program itself, and the two ports, which it hides. */
const upstream = `bind-address bind-address-hard-fail cleanup cluster-cidr config config-sync-period
  conntrack-max-per-core conntrack-min conntrack-tcp-be-liberal conntrack-tcp-timeout-close-wait
  conntrack-tcp-timeout-established conntrack-udp-timeout conntrack-udp-timeout-stream detect-local-mode feature-gates
  healthz-bind-address healthz-port hostname-override init-only iptables-localhost-nodeports iptables-masquerade-bit
  iptables-min-sync-period iptables-sync-period ipvs-exclude-cidrs ipvs-min-sync-period ipvs-scheduler ipvs-strict-arp
  ipvs-sync-period ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout kube-api-burst kube-api-content-type
  kube-api-qps kubeconfig log-flush-frequency log-json-info-buffer-size log-json-split-stream
  log-text-info-buffer-size log-text-split-stream logging-format masquerade-all master metrics-bind-address
  metrics-port nodeport-addresses oom-score-adj pod-bridge-interface pod-interface-name-prefix profiling proxy-mode
  show-hidden-metrics-for-version v vmodule write-config-to`.split(/\s+/);

test("flags are those of kube-proxy, each once", () => {
  assert.deepEqual(flags.map(({ name }) => name).sort(), upstream);
});

test("every flag sets a field that there is", () => {
  for (const { field, name } of configurationFlags) {
    if (field === undefined) continue;
    const unplaced = field.reduceRight<unknown>((inner, key) => ({ [key]: inner }), Symbol("value"));
    const paths = flagSchema.safeParse(unplaced).error?.issues.map(({ path }) => path.join(".")) ?? [];
    const isAnything = ["flushFrequency", "infoBufferSize"].includes(String(field.at(-1)));
    assert.deepEqual(paths, isAnything ? [] : [field.join(".")], name);
  }
});

test("kubeadm's command line is read as Go reads it", () => {
  const given = readArguments(verb, [
    "--config=/var/lib/kube-proxy/config.conf",
    "--hostname-override=worker",
    "-v=3",
    "--cleanup=false",
  ]);
  assert.deepEqual(
    [given.text("config"), given.text("hostname-override"), given.text("v"), given.isSet("cleanup")],
    ["/var/lib/kube-proxy/config.conf", "worker", "3", false],
  );
});

for (const [argument, expected] of [
  ["--iptables-localhost-nodeports=false", false],
  ["--iptables-localhost-nodeports=F", false],
  ["--iptables-localhost-nodeports=true", true],
  ["-iptables-localhost-nodeports=1", true],
  ["--iptables-localhost-nodeports", true],
] as const) {
  test(`${argument} switches ${expected ? "on" : "off"}`, () => {
    const given = readArguments(verb, [argument]);
    assert.equal(given.switched("iptables-localhost-nodeports"), expected);
    assert.equal(
      configureProxy({ flags: given, machineName: "n" }).configuration?.localhostNodePorts,
      expected,
    );
  });
}

test("switch with another word is refused", () => {
  assert.throws(() => readArguments(verb, ["--masquerade-all=maybe"]), {
    what: '--masquerade-all is on or off, not "maybe"',
    exitCode: 2,
  });
});
