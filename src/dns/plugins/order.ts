/**
 * Every word a server block of a Corefile can use, in the order in which queries pass them: CoreDNS's, which does not
 * depend on where the words stand in the file. The first hears of a query first and sees its reply last.
 */

import type { Dictionary } from "../corefile/plan.ts";
import { acl } from "./acl.ts";
import { any } from "./any.ts";
import { autopath } from "./autopath.ts";
import { bind } from "./bind.ts";
import { bufsize } from "./bufsize.ts";
import { cache } from "./cache/cache.ts";
import { chaos } from "./chaos.ts";
import { debug } from "./debug.ts";
import { dns64 } from "./dns64.ts";
import { erratic } from "./erratic.ts";
import { errors } from "./errors.ts";
import { file } from "./file/file.ts";
import { forward } from "./forward/forward.ts";
import { header } from "./header.ts";
import { health } from "./health.ts";
import { hosts } from "./hosts/hosts.ts";
import { https } from "./https.ts";
import { k8sExternal } from "./k8s-external/k8s-external.ts";
import { kubernetes } from "./kubernetes/kubernetes.ts";
import { loadbalance } from "./loadbalance/loadbalance.ts";
import { local } from "./local.ts";
import { log } from "./log/log.ts";
import { loop } from "./loop.ts";
import { metadata } from "./metadata.ts";
import { minimal } from "./minimal.ts";
import { multisocket } from "./multisocket.ts";
import { nsid } from "./nsid.ts";
import { others } from "./other-words.ts";
import type { Plugin } from "./plugin.ts";
import { prometheus } from "./prometheus.ts";
import { ready } from "./ready.ts";
import { reload } from "./reload.ts";
import { rewrite } from "./rewrite/rewrite.ts";
import { root } from "./root.ts";
import { template } from "./template/template.ts";
import { timeouts } from "./timeouts.ts";
import { tls } from "./tls.ts";
import { transfer } from "./transfer/transfer.ts";
import { whoami } from "./whoami.ts";

const plugins: readonly Plugin[] = [
  root,
  metadata,
  https,
  timeouts,
  multisocket,
  reload,
  nsid,
  bufsize,
  bind,
  debug,
  ready,
  health,
  prometheus,
  errors,
  log,
  local,
  dns64,
  any,
  chaos,
  loadbalance,
  rewrite,
  autopath,
  acl,
  cache,
  header,
  tls,
  minimal,
  template,
  transfer,
  hosts,
  k8sExternal,
  kubernetes,
  file,
  loop,
  forward,
  erratic,
  whoami,
];

export const dictionary: Dictionary<Plugin> = { plugins, others };
