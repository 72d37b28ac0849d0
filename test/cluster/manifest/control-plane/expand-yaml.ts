/** Runs YAML through the whole pure part of the manifest source, and prints what comes out in few words. */

import assert from "node:assert/strict";
import { collect } from "../../../../src/cluster/manifest/collect.ts";
import type { Leases } from "../../../../src/cluster/manifest/control-plane/address-pool.ts";
import { expand } from "../../../../src/cluster/manifest/control-plane/expand.ts";
import type { Finding } from "../../../../src/cluster/manifest/finding.ts";
import { parseManifest } from "../../../../src/cluster/manifest/parse-manifest.ts";
import type { EndpointSlice, Kind, ObjectOf, Pod, Service } from "../../../../src/cluster/objects.ts";

export interface YamlCluster {
  all<K extends Kind>(kind: K): ObjectOf<K>[];
  service(name: string): Service;
  pod(name: string): Pod;
  /** Names of the Pods, sorted. */
  podNames(): string[];
  /** One line for each slice of a Service, sorted: family, ports, endpoints. */
  slicesOf(serviceName: string): string[];
  readonly findings: readonly Finding[];
  readonly leases: Leases;
}

/** Each text is a file: `1.yaml`, `2.yaml` and so on. */
export function expandYaml(...texts: readonly string[]): YamlCluster {
  return expandAgain({}, ...texts);
}

/** As a later change would see it, after what `before` has given out. */
export function expandAgain(before: Leases, ...texts: readonly string[]): YamlCluster {
  const files = texts.map((text, index) => parseManifest(text, `${index + 1}.yaml`));
  assert.deepEqual(
    files.flatMap(file => file.findings),
    [],
  );
  const collected = collect(files);
  const { objects, findings, leases } = expand(collected.desired, before);
  const all = <K extends Kind>(kind: K) => objects.filter(object => object.kind === kind) as ObjectOf<K>[];
  return {
    all,
    service: name => only(all("Service"), name),
    pod: name => only(all("Pod"), name),
    podNames: () => all("Pod").map(pod => pod.name),
    slicesOf: serviceName =>
      all("EndpointSlice")
        .filter(slice => slice.serviceName === serviceName)
        .map(describeSlice)
        .sort(),
    findings: [...collected.findings, ...findings],
    leases,
  };
}

function only<T extends { readonly name: string }>(objects: readonly T[], name: string): T {
  const found = objects.filter(object => object.name === name);
  assert.equal(found.length, 1, `objects named ${name}`);
  return found[0] as T;
}

/** `IPv4 http=8080/TCP: web-0(web-0) 10.0.0.7 web-1!`: Pod or address, hostname, `!` for not ready. */
function describeSlice({ addressType, ports, endpoints }: EndpointSlice): string {
  const portTexts = ports.map(({ name, port, protocol }) => `${name}=${port}/${protocol}`);
  const endpointTexts = endpoints.map(({ targetRef, addresses, hostname, isReady }) => {
    const who = targetRef?.kind === "Pod" ? targetRef.name : addresses.join("+");
    return `${who}${hostname === "" ? "" : `(${hostname})`}${isReady ? "" : "!"}`;
  });
  return `${addressType} ${portTexts.join(",")}: ${endpointTexts.join(" ")}`;
}

/** All but that Services have no endpoints, where that is not what a test is about. */
export function withoutHints(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ code }) => code !== "MANIFEST_NO_ENDPOINTS");
}

/** `code file:line:column message`, one per finding. */
export function describeFindings(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ code, file, line, column, message }) => `${code} ${file}:${line}:${column} ${message}`,
  );
}
