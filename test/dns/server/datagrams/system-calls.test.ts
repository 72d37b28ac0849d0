import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { assertUsable, systemError } from "../../../../src/dns/server/datagrams/system-calls.ts";
import { FailingCalls } from "./failing-calls.ts";

const skip = process.platform !== "linux";

test("calls that a sandbox keeps away are found out before a socket is opened", { skip }, async () => {
  const kernel = await FailingCalls.load();
  assertUsable(kernel.calls);
  kernel.fail("sendmmsg", constants.errno.ENOSYS);
  assert.throws(() => assertUsable(kernel.calls), { code: "ENOSYS", syscall: "sendmmsg" });
  kernel.fail("recvmmsg", constants.errno.EPERM);
  assert.throws(() => assertUsable(kernel.calls), { code: "EPERM", syscall: "recvmmsg" });
});

test("an error of the system reads as node's own do", () => {
  const error = systemError("bind", constants.errno.EACCES, "127.0.0.1:53");
  assert.equal(error.message, "bind EACCES: permission denied 127.0.0.1:53");
  assert.deepEqual([error.code, error.syscall, error.errno], ["EACCES", "bind", -constants.errno.EACCES]);
});
