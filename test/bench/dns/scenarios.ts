import type { Asked } from "../load/load-request.ts";
import type { ClusterNames } from "./cluster-names.ts";
import type { ScenarioName } from "./figures.ts";

/** So many as to be all in a cache of usual size, and asked again before they have run out. */
const cachedNameCount = 1_000;

/** What is asked, and what the reply has to be. */
export function scenariosOf(names: ClusterNames): Readonly<Record<ScenarioName, Asked>> {
  const cached = Array.from({ length: cachedNameCount }, (_, n) => `host-${n}.example.`);
  const asked = (of: readonly string[]): Asked => ({ names: of, isEachNew: false, expected: "answer" });
  const anyOf = (of: string): Asked => ({ names: [of], isEachNew: true, expected: "answer" });
  return {
    clusterIP: asked(names.clusterIP),
    headless: asked(names.headless),
    nxdomain: { ...anyOf("aaaaaaaaaaaa.default.svc.cluster.local."), expected: "nxdomain" },
    cached: asked(cached),
    forwarded: anyOf("aaaaaaaaaaaa.example."),
  };
}
