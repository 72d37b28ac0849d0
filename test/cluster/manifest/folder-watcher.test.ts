import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { FSWatcher } from "node:fs";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { FolderWatcher } from "../../../src/cluster/manifest/folder-watcher.ts";

/** A watcher over folders that a test moves by hand, on a clock that it moves too. */
function watchByHand(t: TestContext, refusal?: { readonly code: string }) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const open = new Map<string, { watcher: FSWatcher; tell(event: string, name: string | null): void }>();
  const onChange = t.mock.fn();
  const warnings: string[] = [];
  const watcher = new FolderWatcher({
    onChange,
    log: pino({}, { write: (line: string) => void warnings.push(JSON.parse(line).folder) }),
    watchFolder(folder, tell) {
      if (refusal !== undefined) throw Object.assign(new Error("refused"), refusal);
      const close = () => open.delete(folder);
      const watcher = Object.assign(new EventEmitter(), { close }) as unknown as FSWatcher;
      open.set(folder, { watcher, tell });
      return watcher;
    },
  });
  t.after(() => watcher.close());
  const heard = () => onChange.mock.callCount();
  return { watcher, open, heard, warnings, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test("events that come together are heard once, within 50 ms", t => {
  const { watcher, open, heard, pass } = watchByHand(t);
  assert.equal(watcher.follow(new Map([["/a", undefined]])), true);
  for (let event = 0; event < 5; event++) open.get("/a")?.tell("change", `${event}.yaml`);
  pass(50);
  assert.equal(heard(), 1);
  open.get("/a")?.tell("change", "0.yaml");
  pass(50);
  assert.equal(heard(), 2);
});

test("names that do not matter are not heard, an event without a name is", t => {
  const { watcher, open, heard, pass } = watchByHand(t);
  watcher.follow(new Map([["/a", new Set(["x.yaml"])]]));
  open.get("/a")?.tell("change", "y.yaml");
  pass(50);
  assert.equal(heard(), 0);
  open.get("/a")?.tell("change", "x.yaml");
  pass(50);
  open.get("/a")?.tell("change", null);
  pass(50);
  assert.equal(heard(), 2);
});

test("folders that are followed no longer are let go, those that are followed still are no news", t => {
  const { watcher, open } = watchByHand(t);
  watcher.follow(
    new Map([
      ["/a", undefined],
      ["/b", undefined],
    ]),
  );
  assert.equal(watcher.follow(new Map([["/b", undefined]])), false);
  assert.deepEqual([...open.keys()], ["/b"]);
  watcher.close();
  assert.deepEqual([...open.keys()], []);
});

test("a folder that was moved or removed is watched anew", t => {
  const { watcher, open, heard, pass } = watchByHand(t);
  const folders = new Map([["/a", undefined]]);
  watcher.follow(folders);
  open.get("/a")?.tell("rename", "a");
  assert.equal(open.size, 0);
  pass(50);
  assert.equal(heard(), 1);
  assert.equal(watcher.follow(folders), true);
});

test("a watch that fails later ends all watches and begins polling, told once", t => {
  const { watcher, open, heard, warnings, pass } = watchByHand(t);
  const folders = new Map([
    ["/a", undefined],
    ["/b", undefined],
  ]);
  watcher.follow(folders);
  open.get("/b")?.watcher.emit("error", Object.assign(new Error("too many"), { code: "EMFILE" }));
  assert.equal(open.size, 0);
  pass(1000);
  assert.equal(heard(), 2);
  assert.equal(watcher.follow(folders), false);
  assert.deepEqual(warnings, ["/b"]);
  watcher.close();
  pass(1000);
  assert.equal(heard(), 2);
});

test("a folder that has vanished is no reason to poll", t => {
  const { watcher, heard, warnings, pass } = watchByHand(t, { code: "ENOENT" });
  assert.equal(watcher.follow(new Map([["/a", undefined]])), false);
  pass(1000);
  assert.deepEqual([heard(), warnings], [0, []]);
});
