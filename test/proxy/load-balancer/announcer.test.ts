import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { Announcer, type AnnouncerTiming } from "../../../src/proxy/load-balancer/announcer.ts";
import type {
  AddressChange,
  InterfaceAddress,
  InterfaceAddresses,
} from "../../../src/proxy/load-balancer/interface-addresses.ts";
import { ipProgram } from "../../../src/proxy/load-balancer/interface-addresses.ts";
import { until } from "./pool-rig.ts";

/** A machine with two interfaces: `eth0` is the cluster's. */
class FakeMachine implements InterfaceAddresses {
  readonly addresses = new Map<string, InterfaceAddress[]>([
    ["lo", [{ address: "127.0.0.1", isOurs: false }]],
    ["eth0", ["192.0.2.1", "fd01::1"].map(address => ({ address, isOurs: false }))],
  ]);
  readonly changes: AddressChange[] = [];
  /** Why an address cannot be put anywhere. */
  readonly refusals = new Map<string, string>();

  async list() {
    return [...this.addresses].map(([name, addresses], index) => ({
      name,
      index,
      hardwareAddress: name === "lo" ? undefined : Buffer.from("02005e100001", "hex"),
      addresses: [...addresses],
    }));
  }

  async apply(changes: readonly AddressChange[]): Promise<void> {
    let refusal: string | undefined;
    for (const change of changes) {
      this.changes.push(change);
      const all = this.addresses.get(change.interfaceName) ?? [];
      const others = all.filter(({ address }) => address !== change.address);
      const reason = change.kind === "put" ? this.refusals.get(change.address) : undefined;
      refusal ??= reason;
      if (change.kind === "put" && reason === undefined)
        others.push({ address: change.address, isOurs: true });
      this.addresses.set(change.interfaceName, others);
    }
    if (refusal !== undefined) throw new Error(refusal);
  }

  get ours(): string {
    const all = [...this.addresses].flatMap(([name, addresses]) =>
      addresses.filter(({ isOurs }) => isOurs).map(({ address }) => `${name} ${address}`),
    );
    return all.sort().join(", ");
  }
}

function rig(t: TestContext, timing: Partial<AnnouncerTiming> = {}) {
  const machine = new FakeMachine();
  const frames: Uint8Array[] = [];
  const lines: string[] = [];
  const announcer = new Announcer({
    interfaces: machine,
    packets: { send: frame => void frames.push(frame), close: () => {} },
    nodeAddresses: () => ["192.0.2.1", "fd01::1"],
    timing: { lifetimeSeconds: 10, refreshMs: 60_000, announceAfterMs: [0, 5, 10], ...timing },
    log: pino({ base: null }, { write: line => void lines.push(JSON.parse(line).msg) }),
  });
  t.after(() => announcer.stop());
  return { machine, frames, lines, announcer };
}

test("Announcer puts addresses on the node's interface for a while and tells neighbours several times", async t => {
  const { machine, frames, announcer } = rig(t);
  announcer.answerFor(new Set(["192.0.2.200", "fd01::200"]));
  await until(() => frames.length === 6 || undefined);
  assert.equal(machine.ours, "eth0 192.0.2.200, eth0 fd01::200");
  assert.ok(machine.changes.every(({ lifetimeSeconds }) => lifetimeSeconds === 10));
  const [arp] = frames;
  assert.deepEqual([...(arp?.subarray(28, 32) ?? [])], [192, 0, 2, 200]);
});

test("Announcer prolongs what it has without telling anybody again", async t => {
  const { machine, frames, announcer } = rig(t, { refreshMs: 5, announceAfterMs: [0] });
  announcer.answerFor(new Set(["192.0.2.200"]));
  await until(() => machine.changes.length > 3 || undefined);
  assert.equal(frames.length, 1);
});

test("Announcer puts back what somebody has taken away", async t => {
  const { machine, announcer } = rig(t, { refreshMs: 5 });
  announcer.answerFor(new Set(["192.0.2.200"]));
  await until(() => machine.ours !== "" || undefined);
  machine.addresses.set("eth0", [{ address: "192.0.2.1", isOurs: false }]);
  await until(() => machine.ours === "eth0 192.0.2.200" || undefined);
});

test("Announcer takes away what it is no longer to answer for, and what an earlier process has left", async t => {
  const { machine, announcer } = rig(t);
  machine.addresses.set("lo", [{ address: "192.0.2.209", isOurs: true }]);
  announcer.answerFor(new Set(["192.0.2.200"]));
  await until(() => machine.ours === "eth0 192.0.2.200" || undefined);
  announcer.answerFor(new Set(["192.0.2.201"]));
  await until(() => machine.ours === "eth0 192.0.2.201" || undefined);
  await announcer.stop();
  assert.equal(machine.ours, "");
  assert.deepEqual(machine.addresses.get("eth0")?.length, 2);
});

test("Announcer never touches an address that somebody else has put there", async t => {
  const { machine, frames, announcer } = rig(t);
  machine.addresses.get("eth0")?.push({ address: "192.0.2.200", isOurs: false });
  announcer.answerFor(new Set(["192.0.2.200"]));
  await until(() => frames.length === 3 || undefined);
  await announcer.stop();
  assert.deepEqual(machine.changes, []);
});

test("Announcer that cannot have one address answers for the others and says why once", async t => {
  const { machine, frames, lines, announcer } = rig(t, { refreshMs: 5, announceAfterMs: [0] });
  machine.refusals.set("fd01::200", "RTNETLINK answers: Permission denied");
  announcer.answerFor(new Set(["192.0.2.200", "fd01::200"]));
  await until(() => machine.changes.length >= 6 || undefined);
  assert.equal(machine.ours, "eth0 192.0.2.200");
  assert.equal(frames.length, 1);
  assert.deepEqual(lines, [
    "load-balancer addresses cannot be answered for on this node: RTNETLINK answers: Permission denied",
  ]);
  machine.refusals.clear();
  await until(() => frames.length === 2 || undefined);
});

test("Announcer on a node whose InternalIP is on no interface says so", async t => {
  const { machine, lines, announcer } = rig(t);
  machine.addresses.delete("eth0");
  announcer.answerFor(new Set(["192.0.2.200"]));
  await until(() => lines.length === 1 || undefined);
  assert.match(lines[0] ?? "", /no interface has an InternalIP of this node \(192\.0\.2\.1, fd01::1\)/);
});

test("ipProgram that is not installed says what to install", async () => {
  await assert.rejects(
    ipProgram(["/nowhere/ip"]).list(),
    /^Error: there is no program \/nowhere\/ip; install iproute2$/,
  );
});
