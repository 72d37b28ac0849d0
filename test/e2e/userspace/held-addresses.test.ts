/** Addresses of Services on a real machine's interfaces, in a network namespace of the test's own. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { suite, test } from "node:test";
import { IpAddressHolder } from "../../../src/proxy/userspace/address-holder.ts";
import { ipProgram } from "../../../src/proxy/userspace/ip-program.ts";
import { laboratoryMissing } from "../nftables/laboratory.ts";

const wanted = new Set(["10.96.0.1", "fd96::1"]);
let count = 0;

/** A machine with `eth0` in 192.0.2.0/24 and fd01::/64 whose kernel has no dummy devices, as far as can be told. */
function openMachine(t: TestContext) {
  const namespace = `frontdesk-held-${process.pid}-${++count}`;
  const ip = (command: string) => {
    const { status, stdout, stderr } = spawnSync("ip", ["-n", namespace, ...command.split(" ")], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  assert.equal(spawnSync("ip", ["netns", "add", namespace]).status, 0);
  t.after(() => spawnSync("ip", ["netns", "del", namespace]));
  ip("link set lo up");
  ip("link add eth0 type veth peer name eth1");
  for (const device of ["eth0", "eth1"]) ip(`link set ${device} up`);
  ip("address add 192.0.2.1/24 dev eth0");
  ip("address add fd01::1/64 dev eth0 nodad");
  ip("route add default via fd01::2");
  return {
    ip,
    namespace,
    holder: () => new IpAddressHolder(ipProgram(["ip", "-n", namespace])),
    /** `device address/prefix`, without link-local ones. */
    addresses: () =>
      ip("-oneline address show")
        .trim()
        .split("\n")
        .map(line => line.split(/ +/))
        .map(([, device, , address]) => `${device} ${address}`)
        .filter(line => !line.includes(" fe80:"))
        .sort(),
  };
}

const own = ["eth0 192.0.2.1/24", "eth0 fd01::1/64", "lo 127.0.0.1/8", "lo ::1/128"];

suite("addresses of Services", { skip: laboratoryMissing() }, () => {
  /** What the kernel can do decides which of the two it is. */
  function deviceIn(addresses: readonly string[]): string {
    return addresses.some(line => line.startsWith("frontdesk0 ")) ? "frontdesk0" : "lo";
  }

  test("are the machine's as long as they are wanted", async t => {
    const { ip, holder, addresses } = openMachine(t);
    assert.deepEqual(await holder().hold(wanted), new Map());
    const device = deviceIn(addresses());
    assert.deepEqual(addresses(), [...own, `${device} 10.96.0.1/32`, `${device} fd96::1/128`].sort());
    assert.match(ip("route get 10.96.0.1"), /^local 10\.96\.0\.1 /);
    await holder().hold(new Set(["10.96.0.2"]));
    assert.deepEqual(addresses(), [...own, `${device} 10.96.0.2/32`].sort());
    await holder().release();
    assert.deepEqual(addresses(), own);
  });

  test("are reached as soon as they are held", async t => {
    const { ip, holder } = openMachine(t);
    const first = holder();
    for (let number = 1; number <= 30; number++) {
      const address = `fd96::${number}`;
      await first.hold(new Set([address]));
      assert.match(ip(`route get ${address}`), /^local /);
    }
  });

  test("are no source where the interface has none", async t => {
    const { ip, holder } = openMachine(t);
    ip("link add bare type veth peer name other");
    for (const device of ["bare", "other"]) ip(`link set ${device} up`);
    ip("route add 10.96.1.0/24 dev bare");
    ip("route add fd96:0:0:1::/64 dev bare");
    await holder().hold(wanted);
    assert.match(ip("route get 10.96.1.9"), / src 192\.0\.2\.1 /);
    assert.match(ip("route get fd96:0:0:1::9"), / src fd01::1 /);
  });

  test("are told from other people's on lo, which stay", async t => {
    const { ip, holder, addresses } = openMachine(t);
    for (const address of ["10.96.0.7/32", "fd96::7/128"]) ip(`address add ${address} dev lo`);
    const before = addresses();
    await holder().hold(new Set([...wanted, "10.96.0.7"]));
    await holder().hold(new Set());
    assert.deepEqual(addresses(), before);
    await holder().hold(wanted);
    await holder().release();
    assert.deepEqual(addresses(), before);
  });

  test("are put on an interface of their own where there is one", async t => {
    const { ip, holder, addresses } = openMachine(t);
    ip("link add frontdesk0 type veth peer name other");
    ip("link set other up");
    const first = holder();
    await first.hold(wanted);
    assert.deepEqual(addresses(), [...own, "frontdesk0 10.96.0.1/32", "frontdesk0 fd96::1/128"].sort());
    ip("address del 10.96.0.1/32 dev frontdesk0");
    assert.deepEqual(await first.look(), ["10.96.0.1"]);
    await first.hold(wanted);
    assert.deepEqual(addresses(), [...own, "frontdesk0 10.96.0.1/32", "frontdesk0 fd96::1/128"].sort());
    await holder().release();
    assert.doesNotMatch(ip("link show"), /frontdesk0/);
  });

  test("that the kernel refuses are told with its reason, and the others are held", async t => {
    const { holder, addresses, namespace } = openMachine(t);
    const off = ["netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"];
    assert.equal(spawnSync("ip", [...off, "net.ipv6.conf.default.disable_ipv6=1"]).status, 0);
    const failures = await holder().hold(new Set(["fd96::1", "10.96.0.1"]));
    assert.deepEqual([...failures.keys()], ["fd96::1"]);
    assert.match(failures.get("fd96::1") ?? "", /^fd96::1 cannot be added to \w+: .*IPv6 is disabled/);
    const device = deviceIn(addresses());
    assert.ok(addresses().includes(`${device} 10.96.0.1/32`));
  });

  test("by the thousand are held in one go", async t => {
    const { holder, addresses } = openMachine(t);
    const many = new Set(
      Array.from({ length: 1000 }, (_, i) => [
        `10.96.${i >> 8}.${i & 255}`,
        `fd96::${(i + 1).toString(16)}`,
      ]).flat(),
    );
    assert.deepEqual(await holder().hold(many), new Map());
    assert.equal(addresses().length, own.length + 2000);
    await holder().hold(new Set());
    assert.deepEqual(addresses(), own);
  });
});
