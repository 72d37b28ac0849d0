import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { startUpstream } from "./transport-rig.ts";

const moduleUrl = new URL("../../../../src/dns/plugins/forward/exchange.ts", import.meta.url);

/** Asks once for each target, closes, and has nothing more to do. */
const program = `
  const { openUpstream } = await import(${JSON.stringify(moduleUrl.href)});
  const query = Buffer.from("00010100000100000000000003777777076578616d706c65036f72670000010001", "hex");
  for (const [target, over, timeoutMs] of JSON.parse(process.argv[1])) {
    const upstream = openUpstream(target, { expireMs: 600_000, maxAgeMs: 0, maxIdleConnections: 0 });
    const result = await upstream.exchange(query, over, timeoutMs).then(() => "reply", error => error.code);
    console.log(target.transport, over, result);
    upstream.close();
  }
`;

test("after closing, no transport keeps the process alive", async context => {
  const upstream = await startUpstream(context, { transports: ["dns", "tls", "https"] });
  const silent = await startUpstream(context, { answer: () => undefined });
  const { address, port, tlsPort, httpsPort, certificate } = upstream;
  const tls = { ca: certificate.cert };
  const dns = { transport: "dns", address, port };
  const dead = { transport: "dns", address: silent.address, port: silent.port };
  const targets = [
    [dns, "udp", 5_000],
    [dns, "tcp", 5_000],
    [{ transport: "tls", address, port: tlsPort, tls }, "tcp", 5_000],
    [{ transport: "https", address, port: httpsPort, tls }, "tcp", 5_000],
    [dead, "udp", 40],
    [dead, "tcp", 40],
    [{ ...dead, transport: "tls" }, "tcp", 40],
    [{ ...dead, transport: "https" }, "tcp", 40],
  ];
  const args = ["--input-type=module", "-e", program, JSON.stringify(targets)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "dns udp reply",
    "dns tcp reply",
    "tls tcp reply",
    "https tcp reply",
    "dns udp TIMEOUT",
    "dns tcp TIMEOUT",
    "tls tcp TIMEOUT",
    "https tcp TIMEOUT",
  ]);
});
