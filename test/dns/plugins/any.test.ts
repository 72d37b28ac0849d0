import assert from "node:assert/strict";
import { test } from "node:test";
import { any } from "../../../src/dns/plugins/any.ts";
import { findingsOf, startRig } from "./rig.ts";

test("a question for ANY gets the HINFO record of RFC 8482", async () => {
  const rig = await startRig(". {\n any\n}", { plugins: [any] });
  const { rcode, answers } = await rig.ask("Web.example.org. ANY");
  assert.equal(rcode, "NOERROR");
  const data = Buffer.from("\rANY obsoleted\fSee RFC 8482").toString("hex").toUpperCase();
  assert.deepEqual(answers, [`Web.example.org. 8482 IN HINFO \\# 27 ${data}`]);
});

test("a question for another type goes on to the next plugin", async () => {
  const rig = await startRig(". {\n any\n}", { plugins: [any] });
  assert.equal((await rig.ask("web.example.org. A")).outcome.kind, "failure");
});

test("arguments and options of any mean nothing, with a warning", () => {
  assert.deepEqual(findingsOf(". {\n any x\n any {\n }\n}", [any]), [
    "3:2 COREFILE_NO_EFFECT",
    "2:6 COREFILE_NO_EFFECT",
  ]);
  assert.deepEqual(findingsOf(". {\n any {\n  x y\n }\n}", [any]), ["3:3 COREFILE_NO_EFFECT"]);
});
