import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { ApiClient, readText } from "../../src/cluster/api/api-client.ts";
import { ApiStatusError } from "../../src/cluster/api/api-error.ts";
import { openAccess } from "../../src/cluster/api/kubeconfig.ts";
import type { EventReport } from "../../src/proxy/event-object.ts";
import { nodeReference, serviceReference } from "../../src/proxy/event-object.ts";
import { EventRecorder } from "../../src/proxy/events.ts";
import { describeWithRealApiServer } from "../cluster/api/real-api-server.ts";

const portTaken: EventReport = {
  type: "Warning",
  reason: "FailedToStartServiceHealthcheck",
  action: "Listen",
  note: "the port is taken",
  regarding: serviceReference("default", "web"),
};

describeWithRealApiServer("events and a real API server", server => {
  async function record(user: "admin" | "guest") {
    const client = new ApiClient(await openAccess({ file: await server().kubeconfig(user) }));
    const lines: string[] = [];
    const log = pino({ base: null, level: "debug" }, { write: line => lines.push(JSON.parse(line).msg) });
    const recorder = new EventRecorder({
      client,
      log,
      controller: "kube-proxy",
      instance: "kube-proxy-here",
      timing: { seriesMs: 1 },
    });
    const close = async () => {
      await recorder.close();
      client.close();
    };
    return { recorder, client, lines, close };
  }

  test("EventRecorder without rights is silent after one line, and with kube-proxy's role is heard", async () => {
    const stranger = await record("guest");
    stranger.recorder.report(portTaken);
    stranger.recorder.report({ ...portTaken, regarding: nodeReference("here") });
    await stranger.recorder.sent();
    await stranger.close();
    assert.equal(stranger.lines.length, 1);
    assert.match(
      stranger.lines[0] ?? "",
      /^no events are written.*User "guest" cannot create resource "events"/,
    );

    await server().bindGuest("kubeadm:node-proxier", "system:node-proxier");
    const proxy = await record("guest");
    while (!(await isAllowedToPatch(proxy.client)));
    for (let i = 0; i < 3; i++) proxy.recorder.report(portTaken);
    proxy.recorder.report({
      ...portTaken,
      note: "ü".repeat(2000),
      regarding: nodeReference(`${"n".repeat(60)}.`.repeat(4)),
    });
    const reader = await record("admin");
    const stored = await eventsOnceRepeated(reader.client);
    await Promise.all([proxy.close(), reader.close()]);
    assert.deepEqual(proxy.lines, []);
    assert.deepEqual(
      stored.map(({ regarding, series }) => [regarding.kind, series?.count]),
      [
        ["Node", undefined],
        ["Service", 3],
      ],
    );
  });
});

interface StoredEvent {
  readonly reportingController: string;
  readonly regarding: { readonly kind: string };
  readonly series?: { readonly count: number };
}

const events = "/apis/events.k8s.io/v1/namespaces/default/events";

function limits() {
  return { headersSilenceMs: 5000, bodySilenceMs: 5000, signal: AbortSignal.timeout(30_000) };
}

/** A binding takes a moment to be known: from then on it is only the event that is missing. */
async function isAllowedToPatch(client: ApiClient): Promise<boolean> {
  const failure = await client.patch(`${events}/none`, {}, limits()).catch((error: unknown) => error);
  return failure instanceof ApiStatusError && failure.code === 404;
}

/** What the proxy reported, by kind, as soon as there are two events and one of them is a series. */
async function eventsOnceRepeated(client: ApiClient): Promise<readonly StoredEvent[]> {
  for (;;) {
    const response = await client.get(events, limits());
    const { items }: { items: StoredEvent[] } = JSON.parse(await readText(response));
    const ours = items.filter(({ reportingController }) => reportingController === "kube-proxy");
    if (ours.length === 2 && ours.some(({ series }) => series !== undefined)) {
      return ours.sort((a, b) => (a.regarding.kind < b.regarding.kind ? -1 : 1));
    }
  }
}
