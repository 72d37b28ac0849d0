/** One place in a group, with processes that are none. */

import assert from "node:assert/strict";
import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import type { Asked, GroupPlan } from "../../src/cli/group-messages.ts";
import { GroupPlace } from "../../src/cli/group-place.ts";
import { until } from "../support/until.ts";

const plan: GroupPlan = {
  corefile: { file: "Corefile", text: ".", imports: { byPath: new Map(), byPattern: new Map() } },
  ports: new Map(),
};

/** A place whose processes are what `forks` give, one after the other, and then usual ones. */
function placeWith(context: TestContext, forks: readonly (() => ChildProcess)[] = []) {
  const told: string[] = [];
  const flags: (readonly string[] | undefined)[] = [];
  const fork = context.mock.method(childProcess, "fork", (...[, , options]: ForkArguments) => {
    flags.push(options.execArgv);
    return (forks[flags.length - 1] ?? memberThatLoads)();
  });
  syncBuiltinESMExports();
  context.after(() => {
    fork.mock.restore();
    syncBuiltinESMExports();
  });
  const log = pino({ base: null }, { write: line => void told.push(JSON.parse(line).msg) });
  return { place: new GroupPlace({ number: 2, log, onGone() {} }, plan, 2), told, flags };
}

type ForkArguments = [
  program: string,
  words: readonly string[],
  options: { readonly execArgv?: readonly string[] },
];

/** Does not serve yet, and ends as soon as it is told to. */
function memberThatLoads(): ChildProcess {
  const send = ({ request }: Asked) => request.ask === "end" && child.emit("exit", 0, null);
  const kill = () => child.emit("exit", null, "SIGKILL");
  const child: ChildProcess = Object.assign(new ChildProcess(), { connected: true, send, kill });
  child.on("exit", () => child.emit("disconnect"));
  return child;
}

/** What node gives where no descriptor is left: nothing to send by, and an error in the next turn. */
function withoutDescriptors(): ChildProcess {
  const child = new ChildProcess();
  process.nextTick(() => child.emit("error", new Error("spawn node EMFILE")));
  return child;
}

function withoutMemory(): never {
  throw new Error("spawn ENOMEM");
}

for (const [what, refused] of [
  ["file descriptor", withoutDescriptors],
  ["memory", withoutMemory],
] as const) {
  test(`a process for which the system has no ${what} is tried again later`, async context => {
    const { place, told, flags } = placeWith(context, [refused, refused]);
    await until("a process", () => flags.length === 3);
    assert.equal(told.length, 2);
    for (const line of told)
      assert.match(line, /^a process cannot be started \(spawn .*\); the others go on/);
    assert.equal(await place.end(0), 0);
  });
}

test("a process that is started in a group that has grown gets its share of the heap by the new number", async context => {
  process.execArgv.push("--max-old-space-size-percentage=60");
  context.after(() => process.execArgv.pop());
  const { place, flags } = placeWith(context);
  await place.follow({ ...plan }, 4);
  await until("another process", () => flags.length === 2);
  const shares = flags.map(flag => flag?.at(-1));
  assert.deepEqual(shares, ["--max-old-space-size-percentage=30", "--max-old-space-size-percentage=15"]);
  assert.equal(await place.end(0), 0);
});
