/** Offsets that are wrong overwrite memory: they are held against the rules of the ABI and against what koffi computes. */

import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import {
  address4,
  address6,
  controlHeader,
  isKnownMachine,
  messageHeader,
  packetInfo4,
  packetInfo6,
  vector,
} from "../../../../src/dns/server/datagrams/linux-layout.ts";

type Field = "u16" | "u32" | "int" | "size" | "pointer" | "octets4" | "octets16";

/** The structs as the manual pages and <linux/socket.h> declare them. */
const structs: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  mmsghdr: {
    name: "pointer",
    nameSize: "u32",
    vectors: "pointer",
    vectorCount: "size",
    control: "pointer",
    controlSize: "size",
    flags: "int",
    // msg_hdr ends here, filled up to its alignment.
    datagramSize: "u32",
  },
  iovec: { base: "pointer", size: "size" },
  cmsghdr: { size: "size", level: "int", type: "int" },
  sockaddr_in: { family: "u16", port: "u16", host: "octets4" },
  sockaddr_in6: { family: "u16", port: "u16", flow: "u32", host: "octets16", scope: "u32" },
  in_pktinfo: { interface: "int", source: "octets4", destination: "octets4" },
  in6_pktinfo: { destination: "octets16", interface: "u32" },
};

const ours: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  mmsghdr: messageHeader,
  iovec: vector,
  cmsghdr: controlHeader,
  sockaddr_in: address4,
  sockaddr_in6: address6,
  in_pktinfo: packetInfo4,
  in6_pktinfo: packetInfo6,
};

type Sizes = Readonly<Record<Field, readonly [sizeBytes: number, alignment: number]>>;

const lp64: Sizes = {
  u16: [2, 2],
  u32: [4, 4],
  int: [4, 4],
  size: [8, 8],
  pointer: [8, 8],
  octets4: [4, 1],
  octets16: [16, 1],
};

/** System V ABI of x86-64 §3.1.2; procedure call standard for the Arm 64-bit architecture §5. */
const machines: Readonly<Record<string, Sizes>> = {
  x64: lp64,
  arm64: { ...lp64 },
};

function offsetsOf(fields: Readonly<Record<string, Field>>, sizes: Sizes): Readonly<Record<string, number>> {
  const offsets: Record<string, number> = {};
  let end = 0;
  const align = (to: number) => {
    end = Math.ceil(end / to) * to;
  };
  for (const [name, type] of Object.entries(fields)) {
    // The size of the datagram is behind a struct of its own.
    if (name === "datagramSize") align(8);
    const [size, alignment] = sizes[type];
    align(alignment);
    offsets[name] = end;
    end += size;
  }
  return offsets;
}

for (const [machine, sizes] of Object.entries(machines)) {
  for (const [name, fields] of Object.entries(structs)) {
    test(`struct ${name} is laid out as on ${machine}`, () => {
      const { sizeBytes: _size, ...offsets } = ours[name] as Record<string, number>;
      assert.deepEqual(offsets, offsetsOf(fields, sizes));
    });
  }
  test(`${machine} is a machine it holds for`, () => {
    assert.equal(isKnownMachine("linux", machine as NodeJS.Architecture), true);
  });
}

test("sizes are those of arrays and of socket addresses", () => {
  const sizes = Object.values(ours).map(({ sizeBytes }) => sizeBytes);
  assert.deepEqual(sizes, [64, 16, 16, 16, 28, 12, 20]);
});

test("other systems and machines are not known", () => {
  assert.equal(isKnownMachine("darwin", "arm64"), false);
  assert.equal(isKnownMachine("linux", "ia32"), false);
  assert.equal(isKnownMachine("linux", "s390x"), false);
});

test("koffi computes the same for this machine", {
  skip: !isKnownMachine(process.platform, process.arch),
}, async () => {
  const koffi = await import("koffi");
  const header = koffi.struct({
    name: "void *",
    nameSize: "uint32_t",
    vectors: "void *",
    vectorCount: "size_t",
    control: "void *",
    controlSize: "size_t",
    flags: "int",
  });
  const message = koffi.struct({ header, datagramSize: "uint32_t" });
  const { sizeBytes, datagramSize, ...offsets } = messageHeader;
  for (const [name, offset] of Object.entries(offsets))
    assert.equal(koffi.offsetof(header, name), offset, name);
  assert.equal(koffi.offsetof(message, "datagramSize"), datagramSize);
  assert.equal(koffi.sizeof(message), sizeBytes);
});

test("numbers of errors are Linux's", { skip: process.platform !== "linux" }, () => {
  const { EAGAIN, EWOULDBLOCK, ECONNREFUSED } = constants.errno;
  assert.deepEqual([EAGAIN, EWOULDBLOCK, ECONNREFUSED], [11, 11, 111]);
});
