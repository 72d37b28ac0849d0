import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiStatusError, describeError } from "../../../src/cluster/api/api-error.ts";

function failed(message: string, details: object): Error {
  return Object.assign(new Error(message), details);
}

const cases: readonly (readonly [what: string, error: unknown, line: string])[] = [
  [
    "a plugin that is not there",
    failed("spawn no-such-plugin ENOENT", {
      code: "ENOENT",
      syscall: "spawn no-such-plugin",
      path: "no-such-plugin",
    }),
    "the credentials plugin no-such-plugin cannot be started (ENOENT); is it installed?",
  ],
  [
    "a certificate nobody vouches for",
    failed("unable to verify the first certificate; if the root CA is installed locally, try …", {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    }),
    "unable to verify the first certificate; does the certificate authority in the kubeconfig fit this server?",
  ],
  [
    "a name nobody knows",
    failed("getaddrinfo ENOTFOUND api.test", { code: "ENOTFOUND" }),
    "getaddrinfo ENOTFOUND api.test; is the server's name in the kubeconfig right?",
  ],
  [
    "a refusal by every address",
    new AggregateError([
      new Error("connect ECONNREFUSED ::1:1"),
      new Error("connect ECONNREFUSED 127.0.0.1:1"),
    ]),
    "connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1",
  ],
  ["several lines", new Error("first\nsecond"), "first"],
  ["no words at all", failed("", { code: "EPIPE" }), "EPIPE"],
  [
    "what is forbidden",
    new ApiStatusError(403, { reason: "Forbidden", message: "services is forbidden" }),
    "403 Forbidden: services is forbidden",
  ],
  [
    "who is not known",
    new ApiStatusError(401, { reason: "Unauthorized", message: "Unauthorized" }),
    "401 Unauthorized: the API server does not accept the token or certificate; is it still valid?",
  ],
];

for (const [what, error, line] of cases) {
  test(`describeError of ${what} is one line that helps`, () => assert.equal(describeError(error), line));
}
