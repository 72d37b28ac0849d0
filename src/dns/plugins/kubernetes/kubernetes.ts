/** Corefile word `kubernetes`: names of Services, endpoints and Pods, from a Kubernetes API server. */

import { ownAddresses } from "../own-addresses.ts";
import { definePlugin } from "../plugin.ts";
import { ClusterAnswers } from "./cluster-answers.ts";
import { openCluster, waitForCluster } from "./cluster-request.ts";
import { explainKubernetes } from "./explain-kubernetes.ts";
import type { KubernetesConfig } from "./kubernetes-config.ts";
import { readKubernetes } from "./kubernetes-config.ts";
import { measureProgramming } from "./programming-duration.ts";
import { readSearchList } from "./search-list.ts";

export const kubernetes = definePlugin<KubernetesConfig>({
  name: "kubernetes",
  read: readKubernetes,
  explain: explainKubernetes,

  async start(config, host) {
    const { zoneOptions, boundTo, fallthroughZones, startupTimeoutMs } = config;
    const searchList = await readSearchList(host.path("/etc/resolv.conf"));
    const open = await openCluster(config, host);
    const stopMeasuring = measureProgramming(open.cluster, host.instruments);
    await waitForCluster(open, startupTimeoutMs, host.log);
    return new ClusterAnswers({
      open,
      zoneOptions: { ...zoneOptions, serverAddresses: () => ownAddresses(boundTo) },
      fallthroughZones,
      searchList,
      stopMeasuring,
    });
  },
});
