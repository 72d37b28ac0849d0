#!/usr/bin/env node
/** Frontdesk: cluster DNS and service proxy. `frontdesk help` says what it can do. */

import { runCommandLine } from "./cli/command-line.ts";
import { untilSignal } from "./cli/signals.ts";

// Heard from here on, before anything large is loaded: as the first process of a container nobody else would hear it.
const stopped = untilSignal();

// Whoever reads the output may stop reading (`| head`); serving goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// Not only the exit code: whatever a failed start left open must not keep the process.
process.exit(await runCommandLine(process.argv.slice(2), stopped));
