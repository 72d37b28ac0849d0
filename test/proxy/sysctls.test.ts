import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import type { ConntrackSettings } from "../../src/proxy/sysctls.ts";
import { applySysctls, conntrackSysctls } from "../../src/proxy/sysctls.ts";

const nothing: ConntrackSettings = {
  maxPerCore: 0,
  min: 0,
  tcpEstablishedTimeoutMs: 0,
  tcpCloseWaitTimeoutMs: 0,
  tcpBeLiberal: false,
  udpTimeoutMs: 0,
  udpStreamTimeoutMs: 0,
};
const defaults: ConntrackSettings = {
  ...nothing,
  maxPerCore: 32_768,
  min: 131_072,
  tcpEstablishedTimeoutMs: 86_400_000,
  tcpCloseWaitTimeoutMs: 3_600_000,
};

for (const [what, settings, coreCount, expected] of [
  ["that leave everything alone", nothing, 4, []],
  [
    "of kube-proxy on 8 cores",
    defaults,
    8,
    [
      "nf_conntrack_max=262144",
      "hashsize>=65536",
      "nf_conntrack_tcp_timeout_established=86400",
      "nf_conntrack_tcp_timeout_close_wait=3600",
    ],
  ],
  [
    "with a minimum above what the cores make",
    { ...nothing, maxPerCore: 10, min: 1000 },
    4,
    ["nf_conntrack_max=1000", "hashsize>=250"],
  ],
  ["without a minimum", { ...nothing, maxPerCore: 12 }, 3, ["nf_conntrack_max=36", "hashsize>=9"]],
  ["on 512 cores", { ...nothing, maxPerCore: 32_768 }, 512, ["nf_conntrack_max=1048576", "hashsize>=262144"]],
  [
    "of kind, which sets no maximum",
    { ...defaults, maxPerCore: 0 },
    8,
    ["nf_conntrack_tcp_timeout_established=86400", "nf_conntrack_tcp_timeout_close_wait=3600"],
  ],
  ["that are liberal", { ...nothing, tcpBeLiberal: true }, 1, ["nf_conntrack_tcp_be_liberal=1"]],
  [
    "with times for UDP",
    { ...nothing, udpTimeoutMs: 5_000, udpStreamTimeoutMs: 90_500 },
    1,
    ["nf_conntrack_udp_timeout=5", "nf_conntrack_udp_timeout_stream=90"],
  ],
  ["with a time below a second", { ...nothing, udpTimeoutMs: 300 }, 1, ["nf_conntrack_udp_timeout=1"]],
] as const) {
  test(`conntrackSysctls for settings ${what} are ${expected.length === 0 ? "none" : expected.join(" ")}`, () => {
    const found = conntrackSysctls(settings, coreCount).map(
      ({ path, value, isFloor }) => `${path.split("/").at(-1)}${isFloor ? ">=" : "="}${value}`,
    );
    assert.deepEqual(found, expected);
  });
}

/** What is in the files afterwards and what the log says. */
async function apply(contents: Readonly<Record<string, string>>, readOnly: readonly string[] = []) {
  const files = new Map(Object.entries(contents));
  const written: string[] = [];
  const lines: string[] = [];
  const log = pino({ base: null }, { write: line => lines.push(JSON.parse(line).msg) });
  const settings = { ...nothing, maxPerCore: 1000, udpTimeoutMs: 5_000 };
  await applySysctls(conntrackSysctls(settings, 4), log, {
    read: async path => files.get(path) ?? Promise.reject(new Error(`ENOENT: ${path}`)),
    write: async (path, text) => {
      if (readOnly.includes(path)) throw new Error(`EACCES: ${path}`);
      written.push(`${path.split("/").at(-1)}=${text}`);
    },
  });
  return { written, lines };
}

const max = "/proc/sys/net/netfilter/nf_conntrack_max";
const udp = "/proc/sys/net/netfilter/nf_conntrack_udp_timeout";
const hashsize = "/sys/module/nf_conntrack/parameters/hashsize";

test("applySysctls writes only what differs and never lowers the number of buckets", async () => {
  const same = await apply({ [max]: "4000\n", [udp]: "30\n", [hashsize]: "65536\n" });
  assert.deepEqual(same.written, ["nf_conntrack_udp_timeout=5"]);
  const small = await apply({ [max]: "8000\n", [udp]: "5\n", [hashsize]: "512\n" });
  assert.deepEqual(small.written, ["nf_conntrack_max=4000", "hashsize=1000"]);
});

test("applySysctls goes on after files that are missing or may not be written, with a warning each", async () => {
  const { written, lines } = await apply({ [max]: "1\n", [udp]: "30\n" }, [max]);
  assert.deepEqual(written, ["nf_conntrack_udp_timeout=5"]);
  assert.deepEqual(lines, [
    `kernel setting left alone, the proxy works without: EACCES: ${max}`,
    `kernel setting left alone, the proxy works without: ENOENT: ${hashsize}`,
    "kernel setting changed",
  ]);
});
