/** What kube-proxy refuses although every field has the right type: `Validate` of its configuration API. */

import { parseNetwork } from "../plan/network.ts";
import type { Problem } from "./check-types.ts";
import type { FieldPath } from "./field-places.ts";
import { parseAddress, parseHostPort } from "./host-port.ts";
import { defaultMinSyncPeriodMs, defaultSyncPeriodMs } from "./proxy-configuration.ts";
import type { Settings } from "./settings.ts";
import { activeSections, defaultMode } from "./settings.ts";

export function checkValues(settings: Settings): readonly Problem[] {
  return [
    ...numbersOutOfRange(settings),
    ...negativeTimeouts(settings),
    ...badPeriods(settings),
    ...badTexts(settings),
    ...badLocalDetection(settings),
    ...badNodePortAddresses(settings),
    ...openNodePorts(settings),
  ];
}

function badValue(path: FieldPath, problem: string, remedy: string): Problem {
  return { code: "PROXY_FIELD_VALUE", path, problem, remedy };
}

type Range = readonly [path: FieldPath, value: number | undefined, least: number, most: number];

/** The nftables section is looked at in its mode only, that of iptables always, as upstream. */
function numbersOutOfRange(settings: Settings): readonly Problem[] {
  const { mode, oomScoreAdj, clientConnection, iptables, nftables, conntrack } = settings;
  const endless = Number.POSITIVE_INFINITY;
  const ranges: readonly Range[] = [
    [["oomScoreAdj"], oomScoreAdj, -1000, 1000],
    [["clientConnection", "burst"], clientConnection?.burst, 0, endless],
    [["iptables", "masqueradeBit"], iptables?.masqueradeBit, 0, 31],
    [["nftables", "masqueradeBit"], mode === "nftables" ? nftables?.masqueradeBit : undefined, 0, 31],
    [["conntrack", "maxPerCore"], conntrack?.maxPerCore, 0, endless],
    [["conntrack", "min"], conntrack?.min, 0, endless],
  ];
  return ranges.flatMap(([path, value, least, most]) => {
    if (value === undefined || (value >= least && value <= most)) return [];
    const range = most === endless ? `at least ${least}` : `from ${least} to ${most}`;
    return [badValue(path, `must be ${range}, not ${value}`, "leave it out to get the default")];
  });
}

function negativeTimeouts({ mode, conntrack = {}, ipvs = {} }: Settings): readonly Problem[] {
  const { tcpTimeout, tcpFinTimeout, udpTimeout } = mode === "ipvs" ? ipvs : {};
  const { tcpEstablishedTimeout, tcpCloseWaitTimeout, udpTimeout: udp, udpStreamTimeout } = conntrack;
  const timeouts = {
    ipvs: { tcpTimeout, tcpFinTimeout, udpTimeout },
    conntrack: { tcpEstablishedTimeout, tcpCloseWaitTimeout, udpTimeout: udp, udpStreamTimeout },
  };
  return Object.entries(timeouts).flatMap(([section, fields]) =>
    Object.entries(fields)
      .filter(([, milliseconds]) => milliseconds !== undefined && milliseconds < 0)
      .map(([field]) => badValue([section, field], "must not be less than 0", "write 0s to set none")),
  );
}

function badPeriods(settings: Settings): readonly Problem[] {
  const { mode = defaultMode, configSyncPeriod = 1 } = settings;
  const { syncing } = activeSections(settings);
  const syncPeriod = syncing?.syncPeriod ?? defaultSyncPeriodMs;
  const minSyncPeriod = syncing?.minSyncPeriod ?? defaultMinSyncPeriodMs(mode);
  const example = "write a duration such as 30s";
  const problems: Problem[] = [];
  if (configSyncPeriod <= 0) problems.push(badValue(["configSyncPeriod"], "must be more than 0", example));
  if (syncPeriod <= 0) problems.push(badValue([mode, "syncPeriod"], "must be more than 0", example));
  if (minSyncPeriod < 0) problems.push(badValue([mode, "minSyncPeriod"], "must not be less than 0", example));
  if (syncPeriod > 0 && minSyncPeriod > syncPeriod) {
    // At the one that is written, for the other may be a default.
    const path = [mode, syncing?.minSyncPeriod === undefined ? "syncPeriod" : "minSyncPeriod"];
    const problem = `makes the least period, ${minSyncPeriod / 1000}s, longer than the period, ${syncPeriod / 1000}s`;
    const remedy = "make minSyncPeriod the shorter one";
    problems.push({ code: "PROXY_FIELD_CONFLICT", path, problem, remedy });
  }
  return problems;
}

function badTexts(settings: Settings): readonly Problem[] {
  const { hostnameOverride, bindAddress } = settings;
  const problems: Problem[] = [];
  if (hostnameOverride?.trim() === "") {
    problems.push(badValue(["hostnameOverride"], "has only blanks in it", "write the Node's name"));
  }
  if (bindAddress !== undefined && parseAddress(bindAddress) === undefined) {
    const remedy = 'write one without brackets, such as 0.0.0.0 or "::"';
    problems.push(badValue(["bindAddress"], `is not an IP address: ${bindAddress}`, remedy));
  }
  for (const field of ["healthzBindAddress", "metricsBindAddress"] as const) {
    const text = settings[field];
    if (text === undefined || parseHostPort(text, 1) !== undefined) continue;
    const remedy = 'write one such as 0.0.0.0:10256 or "[::]:10256", with a port from 1 to 65535';
    problems.push(badValue([field], `is not an IP address and port: ${text}`, remedy));
  }
  return problems;
}

function badLocalDetection({ detectLocalMode, detectLocal, clusterCIDR }: Settings): readonly Problem[] {
  switch (detectLocalMode) {
    case "NodeCIDR":
      return [];
    case "BridgeInterface":
      return detectLocal?.bridgeInterface === undefined ? [missing("bridgeInterface", detectLocalMode)] : [];
    case "InterfaceNamePrefix":
      return detectLocal?.interfaceNamePrefix === undefined
        ? [missing("interfaceNamePrefix", detectLocalMode)]
        : [];
    default:
      return clusterCIDR === undefined ? [] : badClusterCIDR(clusterCIDR.split(","));
  }
}

function missing(field: string, mode: string): Problem {
  const path = ["detectLocal", field];
  const problem = `is missing, and detectLocalMode ${mode} needs it`;
  return { code: "PROXY_FIELD_MISSING", path, problem, remedy: "add it, or change the mode" };
}

const clusterCIDRRemedy = "write one network, or one of each family: 10.244.0.0/16,fd00:10:244::/56";

function badClusterCIDR(cidrs: readonly string[]): readonly Problem[] {
  const networks = cidrs.map(parseNetwork);
  const wrong = cidrs.find((_, index) => networks[index] === undefined);
  if (wrong !== undefined) {
    const hint = parseNetwork(wrong.trim()) === undefined ? "" : " (there is a blank too many)";
    return [badValue(["clusterCIDR"], `has "${wrong}", which is no network${hint}`, clusterCIDRRemedy)];
  }
  const families = new Set(networks.map(network => network?.family));
  if (families.size === networks.length) return [];
  return [badValue(["clusterCIDR"], "has several networks of one family", clusterCIDRRemedy)];
}

/** KEP-6032 has the last two, and lets all of them be mixed with networks. */
const nodePortWords: readonly string[] = ["primary", "localhost", "all"];

function badNodePortAddresses({ nodePortAddresses = [] }: Settings): readonly Problem[] {
  return nodePortAddresses.flatMap((text, index) => {
    if (nodePortWords.includes(text) || parseNetwork(text) !== undefined) return [];
    const problem = `is not a network: ${text}`;
    const remedy = `write a network such as 192.168.0.0/16, or one of ${nodePortWords.join(", ")}`;
    return [badValue(["nodePortAddresses", index], problem, remedy)];
  });
}

/** Networks of one family say nothing of the other, where node ports are then open on every address. */
function openNodePorts({ nodePortAddresses = [], clusterCIDR = "" }: Settings): readonly Problem[] {
  const limited = new Set(nodePortAddresses.map(text => parseNetwork(text)?.family));
  if (nodePortAddresses.length === 0 || limited.has(undefined)) return [];
  const families = new Set(clusterCIDR.split(",").map(cidr => parseNetwork(cidr)?.family));
  return [...families].flatMap(family => {
    if (family === undefined || limited.has(family)) return [];
    const problem = `has no ${family} network, so node ports are open on all ${family} addresses of the node`;
    const remedy = `add the ${family} networks that may be used, or write [primary]`;
    return [{ code: "PROXY_NODE_PORTS_OPEN", path: ["nodePortAddresses"], problem, remedy } as const];
  });
}
