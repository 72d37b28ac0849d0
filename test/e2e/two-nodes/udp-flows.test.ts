/** Datagrams from one source port follow the endpoints, by whatever way they come. */

import { after, before, beforeEach, suite, test } from "node:test";
import { families } from "./addresses.ts";
import { service, slices } from "./cluster-objects.ts";
import { Laboratory } from "./laboratory.ts";
import { laboratoryMissing } from "./networks.ts";
import { OngoingConversation } from "./ongoing.ts";
import { notKubeProxys } from "./proxy-process.ts";

const waysFrom = [
  { from: "pod-1a", way: "cluster-ip" },
  // A Pod in the host's network, to the proxy.
  { from: "node2", way: "cluster-ip" },
  { from: "outside", way: "node-port@node1" },
  { from: "outside", way: "external-ip@node2" },
  { from: "outside", way: "vip@node1" },
] as const;

suite("UDP flows", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;
  let number = 0;
  let name = "";

  before(async () => {
    laboratory = await Laboratory.open();
  });
  after(() => laboratory?.[Symbol.asyncDispose]());
  beforeEach(() => {
    name = `flows-${++number}`;
  });

  function beginAll(): Promise<readonly OngoingConversation[]> {
    const questions = families.flatMap(family =>
      waysFrom.map(fields => ({ family, protocol: "UDP" as const, number, ...fields })),
    );
    return Promise.all(questions.map(question => OngoingConversation.begin(laboratory, question)));
  }

  async function untilAllAt(
    flows: readonly OngoingConversation[],
    pod: string,
    endpointPort = 8080,
  ): Promise<void> {
    await Promise.all(flows.map(flow => flow.untilAnsweredBy(pod, endpointPort)));
  }

  async function endAll(flows: readonly OngoingConversation[]): Promise<void> {
    await Promise.all(flows.map(flow => flow.end()));
  }

  test("leave an endpoint that is removed", async () => {
    await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
    const flows = await beginAll();
    await untilAllAt(flows, "pod-1b");
    await laboratory.put(...slices(name, ["pod-2b"]));
    await untilAllAt(flows, "pod-2b");
    await laboratory.put(...slices(name, ["pod-2a"]));
    await untilAllAt(flows, "pod-2a");
    await endAll(flows);
  });

  test("stay with an endpoint as long as it serves, though others are ready", async () => {
    await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
    const flows = await beginAll();
    const leaving = { pod: "pod-1b", ready: false, serving: true, terminating: true } as const;
    await laboratory.apply(...slices(name, [leaving, "pod-2b"]));
    for (const flow of flows) await flow.untilAnswered();
    await untilAllAt(flows, "pod-1b");
    await laboratory.put(...slices(name, ["pod-2b"]));
    await untilAllAt(flows, "pod-2b");
    await endAll(flows);
  });

  test("leave a port that the endpoint has no more", async () => {
    await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
    const flows = await beginAll();
    await laboratory.put(...slices(name, ["pod-1b"], { ports: { tcp: 8081, udp: 8081 } }));
    await untilAllAt(flows, "pod-1b", 8081);
    await endAll(flows);
  });

  test("find the endpoint that comes after there was none", async () => {
    await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
    const flows = await beginAll();
    await laboratory.apply(...slices(name, []));
    await laboratory.apply(...slices(name, ["pod-2b"]));
    await untilAllAt(flows, "pod-2b");
    await endAll(flows);
  });

  test(
    "are cut off when the last endpoint goes",
    notKubeProxys("it leaves the flows of Services without endpoints"),
    async () => {
      await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
      const flows = await beginAll();
      await laboratory.put(...slices(name, []));
      for (const flow of flows) await flow.untilSilent();
      await laboratory.put(...slices(name, ["pod-1b"]));
      await untilAllAt(flows, "pod-1b");
      await endAll(flows);
    },
  );

  test(
    "are cut off when the Service goes",
    notKubeProxys("it leaves the flows of Services that are gone"),
    async () => {
      await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
      const flows = await beginAll();
      await laboratory.remove("Service", name);
      for (const flow of flows) await flow.untilSilent();
      await endAll(flows);
    },
  );

  for (const order of ["Service first", "EndpointSlices first"] as const) {
    const isServiceFirst = order === "Service first";
    test(
      `find the endpoint of a Service that was deleted and created again, ${order}`,
      isServiceFirst ? {} : notKubeProxys("it looks at flows when endpoints change, not Services"),
      async () => {
        await laboratory.apply(service(name, number), ...slices(name, ["pod-1b"]));
        const flows = await beginAll();
        await laboratory.remove("Service", name);
        await laboratory.removeSlices(name);
        await laboratory.settle();
        const parts = [[service(name, number)], slices(name, ["pod-2b"])];
        for (const part of isServiceFirst ? parts : parts.toReversed()) await laboratory.apply(...part);
        await untilAllAt(flows, "pod-2b");
        await endAll(flows);
      },
    );
  }

  test("leave an endpoint that goes while only local ones may serve", async () => {
    const spec = { internalTrafficPolicy: "Local", externalTrafficPolicy: "Local" };
    await laboratory.apply(service(name, number, { spec }), ...slices(name, ["pod-1b", "pod-2b"]));
    const flows = await beginAll();
    await laboratory.put(...slices(name, ["pod-1a", "pod-2a"]));
    await Promise.all(
      flows.map((flow, index) =>
        flow.untilAnsweredBy(
          // Of each five, the second and the fourth come in at node2.
          [1, 3].includes(index % waysFrom.length) ? "pod-2a" : "pod-1a",
        ),
      ),
    );
    await endAll(flows);
  });
});
