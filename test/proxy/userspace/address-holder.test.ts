import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IpAddressHolder } from "../../../src/proxy/userspace/address-holder.ts";
import { ipProgram } from "../../../src/proxy/userspace/ip-program.ts";
import { FakeIp } from "./fake-ip.ts";

const wanted = new Set(["10.96.0.1", "fd96::1"]);

for (const [what, hasDummyDevices, device] of [
  ["with dummy devices", true, "frontdesk0"],
  ["without dummy devices", false, "lo"],
] as const) {
  describe(`addresses on a machine ${what}`, () => {
    const loopback = device === "lo" ? ["127.0.0.1/8"] : [];

    test(`are held on ${device}, each by itself, and let go when no longer wanted`, async () => {
      const ip = new FakeIp({ hasDummyDevices });
      const holder = new IpAddressHolder(ip);
      assert.deepEqual(await holder.hold(wanted), new Map());
      assert.deepEqual(ip.on(device), [...loopback, "10.96.0.1/32", "fd96::1/128"]);
      assert.deepEqual(holder.held, wanted);
      await holder.hold(new Set(["fd96::1", "10.96.0.2"]));
      assert.deepEqual(ip.on(device), [...loopback, "fd96::1/128", "10.96.0.2/32"]);
    });

    test("that are held already cost no command", async () => {
      const ip = new FakeIp({ hasDummyDevices });
      const holder = new IpAddressHolder(ip);
      await holder.hold(wanted);
      const count = ip.commands.length;
      await holder.hold(new Set(wanted));
      assert.equal(ip.commands.length, count);
    });

    test("of an earlier run stay if they are wanted, others of it go, and those of other people stay", async () => {
      const ip = new FakeIp({ hasDummyDevices });
      await new IpAddressHolder(ip).hold(new Set([...wanted, "10.96.0.9", "fd96::9"]));
      await ip.run(["address replace 10.96.0.7/32 dev lo label lo", "address replace fd96::7/128 dev lo"]);
      const before = ip.commands.length;
      await new IpAddressHolder(ip).hold(wanted);
      const changes = ip.commands.slice(before).filter(command => command.startsWith("address"));
      assert.deepEqual(changes, [
        `address del 10.96.0.9/32 dev ${device}`,
        `address del fd96::9/128 dev ${device}`,
      ]);
      assert.deepEqual(ip.on("lo").slice(-2), ["10.96.0.7/32", "fd96::7/128"]);
    });

    test("that somebody has taken away are told of, and held again", async () => {
      const ip = new FakeIp({ hasDummyDevices });
      const holder = new IpAddressHolder(ip);
      await holder.hold(wanted);
      assert.deepEqual(await holder.look(), []);
      await ip.run([`address del fd96::1/128 dev ${device}`]);
      assert.deepEqual(await holder.look(), ["fd96::1"]);
      await holder.hold(wanted);
      assert.deepEqual(ip.on(device), [...loopback, "10.96.0.1/32", "fd96::1/128"]);
    });

    test("are all released, also by a run that held none", async () => {
      const ip = new FakeIp({ hasDummyDevices });
      await new IpAddressHolder(ip).hold(wanted);
      await new IpAddressHolder(ip).release();
      assert.deepEqual([...ip.interfaces.keys()], ["lo", "eth0"]);
      assert.deepEqual(ip.on("lo"), ["127.0.0.1/8"]);
    });
  });
}

test("addresses that the machine has anyway are left alone, also when they are no longer wanted", async () => {
  const ip = new FakeIp({ addresses: ["192.0.2.1/24"] });
  const holder = new IpAddressHolder(ip);
  await holder.hold(new Set(["192.0.2.1", "10.96.0.1"]));
  assert.deepEqual(holder.held, new Set(["10.96.0.1"]));
  await holder.hold(new Set());
  assert.deepEqual(ip.on("eth0"), ["192.0.2.1/24"]);
  assert.deepEqual(ip.on("frontdesk0"), []);
});

test("address that is refused is told with the reason, and tried again", async () => {
  const ip = new FakeIp();
  const holder = new IpAddressHolder(ip);
  ip.refused.set("fd96::1", "RTNETLINK answers: Permission denied");
  const reason = "fd96::1 cannot be added to frontdesk0: RTNETLINK answers: Permission denied";
  assert.deepEqual(await holder.hold(wanted), new Map([["fd96::1", reason]]));
  assert.deepEqual(holder.held, new Set(["10.96.0.1"]));
  ip.refused.clear();
  assert.deepEqual(await holder.hold(wanted), new Map());
  assert.deepEqual(holder.held, wanted);
});

test("address that is refused while another goes is told", async () => {
  const ip = new FakeIp();
  const holder = new IpAddressHolder(ip);
  await holder.hold(new Set(["10.96.0.2"]));
  ip.refused.set("fd96::1", "RTNETLINK answers: Permission denied");
  assert.deepEqual([...(await holder.hold(wanted)).keys()], ["fd96::1"]);
  assert.deepEqual(holder.held, new Set(["10.96.0.1"]));
});

test("address of IPv6 is held once its route is there", async () => {
  const ip = new FakeIp();
  ip.questionsInVain = 3;
  assert.deepEqual(await new IpAddressHolder(ip).hold(wanted), new Map());
  assert.equal(ip.questionCount, 4);
});

test("address of IPv6 whose route never comes is told, and not held", async () => {
  const ip = new FakeIp();
  ip.questionsInVain = Number.POSITIVE_INFINITY;
  const holder = new IpAddressHolder(ip);
  const reason = "fd96::1 cannot be added to frontdesk0: the kernel has made no route to it";
  assert.deepEqual(await holder.hold(wanted), new Map([["fd96::1", reason]]));
  assert.deepEqual(holder.held, new Set(["10.96.0.1"]));
});

test("interface that somebody has deleted is made again", async () => {
  const ip = new FakeIp();
  const holder = new IpAddressHolder(ip);
  await holder.hold(wanted);
  await ip.run(["link del frontdesk0"]);
  assert.deepEqual(await holder.look(), [...wanted]);
  await holder.hold(wanted);
  assert.deepEqual(ip.on("frontdesk0"), ["10.96.0.1/32", "fd96::1/128"]);
});

test("addresses left on lo move to the interface of their own once there is one", async () => {
  const old = new FakeIp({ hasDummyDevices: false });
  await new IpAddressHolder(old).hold(wanted);
  const ip = new FakeIp();
  ip.interfaces.set("lo", old.interfaces.get("lo") ?? new Map());
  await new IpAddressHolder(ip).hold(wanted);
  assert.deepEqual(ip.on("lo"), ["127.0.0.1/8"]);
  assert.deepEqual(ip.on("frontdesk0"), ["10.96.0.1/32", "fd96::1/128"]);
});

test("a machine without ip is told what to install", async () => {
  const holder = new IpAddressHolder(ipProgram(["/nonexistent/ip"]));
  await assert.rejects(holder.hold(wanted), /^Error: there is no program ip: install iproute2$/);
});
