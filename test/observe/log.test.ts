import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify, stripVTControlCharacters } from "node:util";
import { createLogger } from "../../src/observe/log.ts";

function collector() {
  const lines: string[] = [];
  return { lines, write: (line: string) => lines.push(line) };
}

test("log away from a terminal is one JSON object per line with named level and UTC time", async () => {
  const stream = collector();
  const log = await createLogger({ stream, isTerminal: false, level: "info" });
  log.info({ zone: "cluster.local" }, "serving");
  assert.equal(stream.lines.length, 1);
  const { time, ...rest } = JSON.parse(stream.lines[0] ?? "");
  assert.deepEqual(rest, { level: "info", zone: "cluster.local", msg: "serving" });
  assert.equal(new Date(time).toISOString(), time);
});

test("log of an error carries its message, code and stack under err", async () => {
  const stream = collector();
  const log = await createLogger({ stream, isTerminal: false, level: "info" });
  log.error({ err: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }, "watch failed");
  const { err } = JSON.parse(stream.lines[0] ?? "");
  assert.equal(err.message, "refused");
  assert.equal(err.code, "ECONNREFUSED");
  assert.match(err.stack, /log\.test\.ts/);
});

test("log on a terminal is one readable line, written before the call returns", async () => {
  const stream = collector();
  const log = await createLogger({ stream, isTerminal: true, level: "info" });
  log.info({ zone: "cluster.local" }, "serving");
  assert.equal(stream.lines.length, 1);
  const line = stripVTControlCharacters(stream.lines[0] ?? "");
  assert.match(line, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: serving \{"zone":"cluster.local"\}\n$/);
});

test("log below the wanted level is silent", async () => {
  const stream = collector();
  const log = await createLogger({ stream, isTerminal: false, level: "warn" });
  log.info("hidden");
  log.warn("shown");
  assert.deepEqual(
    stream.lines.map(line => JSON.parse(line).msg),
    ["shown"],
  );
});

async function logInProcess(level: string | undefined) {
  const script = `
    import { createLogger } from "./src/observe/log.ts";
    const log = await createLogger();
    log.debug("detail");
    log.info("news");
    process.exit(0);`;
  const root = new URL("../../", import.meta.url);
  return promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
    env: { ...process.env, FRONTDESK_LOG_LEVEL: level },
  });
}

const messagesOf = (text: string) => [...text.matchAll(/"msg":"([^"]*)"/g)].map(match => match[1]);

test("log goes to standard error and is complete when the process exits at once", async () => {
  const { stdout, stderr } = await logInProcess(undefined);
  assert.equal(stdout, "");
  assert.deepEqual(messagesOf(stderr), ["news"]);
});

test("log level is taken from FRONTDESK_LOG_LEVEL", async () => {
  const { stderr } = await logInProcess("debug");
  assert.deepEqual(messagesOf(stderr), ["detail", "news"]);
});

test("log level that does not exist is said once and does not stop the program", async () => {
  const { stderr } = await logInProcess("verbose");
  const [warning, ...others] = messagesOf(stderr);
  assert.match(
    warning ?? "",
    /^FRONTDESK_LOG_LEVEL=verbose is not a level: .*trace debug info warn error fatal silent$/,
  );
  assert.deepEqual(others, ["news"]);
});
