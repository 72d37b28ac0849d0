#!/usr/bin/env node
/** Frontdesk: cluster DNS and service proxy. `frontdesk help` says what it can do. */

import { basename } from "node:path";
import { runCommandLine } from "./cli/command-line.ts";
import { untilSignal } from "./cli/signals.ts";

// Heard from here on, before anything large is loaded: as the first process of a container nobody else would hear it.
const stopped = untilSignal();

// Whoever reads the output may stop reading (`| head`); serving goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// Under the name of the program it replaces it takes that program's arguments: a Deployment needs no change of its own.
const [, program = "", ...words] = process.argv;
const verbsByName: Readonly<Record<string, string>> = { coredns: "dns", "kube-proxy": "proxy" };
const verb = verbsByName[basename(program)];
const argv = verb === undefined ? words : [verb, ...words];

// Not only the exit code: whatever a failed start left open must not keep the process.
process.exit(await runCommandLine(argv, stopped));
