/** `npm run bench -- [dns|proxy] [options]`: what Frontdesk costs, beside its peer where one is given. */

import { benchDnsStart, dnsUsage } from "./dns-start.ts";
import { benchProxySync, proxyUsage } from "./proxy-sync.ts";

const [name = "dns", ...options] = process.argv.slice(2);

if (process.argv.includes("--help")) {
  process.stdout.write(`${dnsUsage}\n\n${proxyUsage}\n`);
} else if (name === "proxy") {
  process.exitCode = await benchProxySync(options);
} else if (name === "dns") {
  await benchDnsStart(options);
} else if (name.startsWith("--")) {
  await benchDnsStart([name, ...options]);
} else {
  process.stderr.write(`There is no bench "${name}"; there are dns and proxy.\n`);
  process.exitCode = 2;
}
