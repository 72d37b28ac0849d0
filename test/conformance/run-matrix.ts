/**
 * `npm run test:matrix`: the conformance suite once more with the other UDP listener, and with every reply made anew.
 * What is answered depends on neither. `npm test` has run it by then as the server starts by default: batched, with
 * replies that are ready.
 *
 * Left out is what cannot differ. Streams have no shortcut and a listener of their own, so their files run by default
 * only. What happens under load, at reloads and at the end is the listeners' affair, so it runs once with each of them.
 */

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

const ofStreams = [
  "wire/tcp.test.ts",
  "under-load/stream-clients.test.ts",
  "coredns-plugins/transfer.test.ts",
];
const ofListeners = ["under-load/"];

const combinations = [
  { udp: "portable", shortcut: "on", leftOut: ofStreams },
  { udp: "portable", shortcut: "off", leftOut: [...ofStreams, ...ofListeners] },
  { udp: "batched", shortcut: "off", leftOut: [...ofStreams, ...ofListeners] },
];

const all = globSync("**/*.test.ts", { cwd: folder }).toSorted();
for (const { udp, shortcut, leftOut } of combinations) {
  process.stdout.write(`\nFRONTDESK_UDP=${udp} FRONTDESK_SHORTCUT=${shortcut}\n`);
  const files = all.filter(file => !leftOut.some(start => file.startsWith(start)));
  // Most of the time goes by in waiting for servers to start.
  const flags = ["--test", "--test-timeout=120000", "--test-concurrency=2"];
  const { status } = spawnSync(process.execPath, [...flags, ...files], {
    cwd: folder,
    env: { ...process.env, FRONTDESK_UDP: udp, FRONTDESK_SHORTCUT: shortcut },
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
