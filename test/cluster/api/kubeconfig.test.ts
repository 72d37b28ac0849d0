import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";

/** Writes files into a new directory that goes with the test. */
async function directoryWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-"));
  t.after(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

/** Sets variables of the environment for the length of the test; undefined unsets. */
function setEnvironment(t: TestContext, variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    t.after(() => set(name, before));
    set(name, value);
  }
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** Two contexts, `kind` (current) and `prod`. */
const twoContexts = `
apiVersion: v1
kind: Config
current-context: kind
contexts:
- { name: kind, context: { cluster: kind, user: admin } }
- { name: prod, context: { cluster: prod } }
- { name: no-cluster, context: { cluster: gone, user: admin } }
- { name: no-user, context: { cluster: kind, user: gone } }
- { name: no-url, context: { cluster: no-url } }
clusters:
- { name: kind, cluster: { server: "https://127.0.0.1:6443/", certificate-authority: ca.crt } }
- { name: prod, cluster: { server: "http://prod.example:8080/k8s/c-1" } }
- { name: no-url, cluster: { server: "prod.example" } }
users:
- { name: admin, user: { token: first } }
`;

test("kubeconfig of a file gives the server, CA and token of its current context", async t => {
  const directory = await directoryWith(t, { config: twoContexts, "ca.crt": "CA" });
  const access = await openAccess({ file: join(directory, "config") });
  assert.equal(access.server, "https://127.0.0.1:6443");
  const credentials = await access.credentials();
  assert.equal(String(credentials.ca), "CA");
  assert.deepEqual(credentials.headers, { Authorization: "Bearer first" });
  assert.equal(credentials.agent, undefined);
});

test("kubeconfig with a context chosen serves that one, over plain http and without a user too", async t => {
  const directory = await directoryWith(t, { config: twoContexts });
  const access = await openAccess({ file: join(directory, "config"), context: "prod" });
  assert.equal(access.server, "http://prod.example:8080/k8s/c-1");
  assert.deepEqual((await access.credentials()).headers, {});
});

test("kubeconfig that changed is read again on renew", async t => {
  const directory = await directoryWith(t, { config: twoContexts, "ca.crt": "CA" });
  const access = await openAccess({ file: join(directory, "config") });
  await writeFile(join(directory, "config"), twoContexts.replace("first", "second"));
  assert.deepEqual((await access.credentials()).headers, { Authorization: "Bearer first" });
  await access.renew();
  assert.deepEqual((await access.credentials()).headers, { Authorization: "Bearer second" });
});

test("kubeconfig of kubeadm's kube-proxy reads its token from tokenFile", async t => {
  const config = twoContexts.replace("token: first", "token: old, tokenFile: token");
  const directory = await directoryWith(t, { config, token: "from-file", "ca.crt": "CA" });
  const access = await openAccess({ file: join(directory, "config") });
  assert.deepEqual((await access.credentials()).headers, { Authorization: "Bearer from-file" });
});

test("kubeconfig with an exec plugin runs it, and a plugin that fails is an error of the credentials", async t => {
  const credential = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"made"}}`;
  const plugin = `exec: { apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, "test -e DIR/ok && echo '${credential.replaceAll('"', '\\"')}' || { echo no key >&2; exit 1; }"] }`;
  const directory = await directoryWith(t, { "ca.crt": "CA" });
  const file = join(directory, "config");
  await writeFile(file, twoContexts.replace("token: first", plugin.replace("DIR", directory)));
  const access = await openAccess({ file });
  await assert.rejects(access.credentials(), /no key/);
  await writeFile(join(directory, "ok"), "");
  assert.deepEqual((await access.credentials()).headers, { Authorization: "Bearer made" });
});

test("default access merges the files of $KUBECONFIG, the first naming wins and missing files are skipped", async t => {
  const directory = await directoryWith(t, {
    a: `{ current-context: prod, clusters: [{ name: prod, cluster: { server: "https://wins" } }] }`,
    b: twoContexts,
  });
  setEnvironment(t, { KUBECONFIG: ["a", "missing", "b"].map(name => join(directory, name)).join(delimiter) });
  assert.equal((await openAccess()).server, "https://wins");
});

test("default access without $KUBECONFIG is ~/.kube/config, also inside a Pod", async t => {
  const home = await directoryWith(t, { ".kube/config": twoContexts });
  setEnvironment(t, { KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: "10.96.0.1" });
  assert.equal((await openAccess({}, { home, root: "" })).server, "https://127.0.0.1:6443");
});

test("default access in a Pod is its service account, over IPv6 too", async t => {
  const account = "var/run/secrets/kubernetes.io/serviceaccount";
  const root = await directoryWith(t, { [`${account}/token`]: "sa", [`${account}/ca.crt`]: "CA" });
  const variables = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  setEnvironment(t, { KUBECONFIG: undefined, ...variables });
  const access = await openAccess({}, { home: root, root });
  assert.equal(access.server, "https://[fd00::1]:443");
  const credentials = await access.credentials();
  assert.equal(String(credentials.ca), "CA");
  assert.deepEqual(credentials.headers, { Authorization: "Bearer sa" });
});

test("endpoint with TLS files uses them and no token", async t => {
  const directory = await directoryWith(t, { cert: "CERT", key: "KEY", ca: "CA" });
  const [certFile, keyFile, caFile] = ["cert", "key", "ca"].map(name => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const access = await openAccess({ endpoint: "https://api:6443", tls: { certFile, keyFile, caFile } });
  const { cert, key, ca, headers } = await access.credentials();
  assert.deepEqual([cert, key, ca].map(String), ["CERT", "KEY", "CA"]);
  assert.deepEqual(headers, {});
});

const refused: readonly (readonly [
  what: string,
  text: string | undefined,
  context: string | undefined,
  message: string,
])[] = [
  [
    "a file that is missing",
    undefined,
    undefined,
    "FILE: no such file; pass the path of a readable kubeconfig file",
  ],
  ["an empty file", "", undefined, "FILE: holds no clusters; give it the form of a kubeconfig"],
  [
    "another manifest",
    "kind: Service",
    undefined,
    "FILE: holds no clusters; give it the form of a kubeconfig",
  ],
  [
    "broken YAML",
    "a: [",
    undefined,
    "FILE: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5; give it the form of a kubeconfig",
  ],
  [
    "a cluster without server",
    "clusters: [{name: a, cluster: {}}]",
    undefined,
    "FILE: clusters[0].cluster.server is missing; give it the form of a kubeconfig",
  ],
  [
    "no current context",
    "{clusters: [{name: a, cluster: {server: 'https://a'}}], contexts: []}",
    undefined,
    "FILE: no current-context; choose one of its contexts: none",
  ],
  [
    "an unknown context",
    twoContexts,
    "dev",
    `FILE: no context "dev"; choose one of its contexts: kind, prod, no-cluster, no-user, no-url`,
  ],
  ["an unknown cluster", twoContexts, "no-cluster", `FILE: no cluster "gone"; context "no-cluster" needs it`],
  ["an unknown user", twoContexts, "no-user", `FILE: no user "gone"; context "no-user" needs it`],
  [
    "a server that is no URL",
    twoContexts,
    "no-url",
    `FILE: "prod.example" is no server URL; write it as https://host:port`,
  ],
];

for (const [what, text, context, message] of refused) {
  test(`kubeconfig with ${what} is refused in one line`, async t => {
    const directory = await directoryWith(t, text === undefined ? {} : { config: text });
    const file = join(directory, "config");
    const expected = { name: "KubeconfigError", message: message.replace("FILE", file) };
    await assert.rejects(openAccess({ file, context }), expected);
  });
}

test("several files are read as one, an empty one and one with users only among them", async t => {
  const directory = await directoryWith(t, {
    empty: "",
    users: "users:\n- { name: admin, user: { token: from-users } }\n",
    config: twoContexts,
  });
  const files = ["empty", "users", "config"].map(name => join(directory, name));
  setEnvironment(t, { KUBECONFIG: files.join(delimiter) });
  const access = await openAccess();
  assert.equal(access.server, "https://127.0.0.1:6443");
});

test("a credentials plugin given by a path is found from the folder of its kubeconfig", async t => {
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "from-plugin" },
  };
  const directory = await directoryWith(t, {
    "bin/plugin.sh": `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`,
    config: `
current-context: a
contexts: [{ name: a, context: { cluster: a, user: a } }]
clusters: [{ name: a, cluster: { server: "http://127.0.0.1:1" } }]
users: [{ name: a, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: ./bin/plugin.sh } } }]
`,
  });
  await chmod(join(directory, "bin/plugin.sh"), 0o755);
  const { headers } = await (await openAccess({ file: join(directory, "config") })).credentials();
  assert.deepEqual(headers, { Authorization: "Bearer from-plugin" });
});

test("default access with nothing to be found says where it looked", async t => {
  const home = await directoryWith(t, {});
  setEnvironment(t, { KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: undefined });
  await assert.rejects(openAccess({}, { home, root: home }), {
    name: "KubeconfigError",
    message: `${home}/.kube/config: no such file; set KUBECONFIG or pass a kubeconfig file`,
  });
});

test("default access in a Pod without a token says so", async t => {
  const root = await directoryWith(t, {});
  setEnvironment(t, {
    KUBECONFIG: undefined,
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    KUBERNETES_SERVICE_PORT: "443",
  });
  await assert.rejects(
    openAccess({}, { home: root, root }),
    /serviceaccount\/token: no such file; mount a service account/,
  );
});
