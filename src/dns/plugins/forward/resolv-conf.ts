/** resolv.conf(5), as far as a forwarder reads it: search list and options are for clients. */

import { isIP } from "node:net";

/** Addresses of the `nameserver` lines, in their order, all of them; scope ids (`%eth0`) are dropped, as CoreDNS does. */
export function parseResolvConf(text: string): readonly string[] {
  return text.split("\n").flatMap(line => {
    const [keyword, server = ""] = line.trim().split(/\s+/);
    const [address = ""] = server.split("%");
    return keyword === "nameserver" && isIP(address) !== 0 ? [address] : [];
  });
}

/** Where systemd-resolved listens: on the node, and nowhere else. */
const systemdStubs = ["127.0.0.53", "127.0.0.54"];

export function isSystemdStub(address: string): boolean {
  return systemdStubs.includes(address);
}

/** What to change when a Pod's /etc/resolv.conf names a server that leads nowhere or back here. */
export function kubeletRemedy(address: string): string {
  const file = isSystemdStub(address)
    ? "/run/systemd/resolve/resolv.conf, since this address is only systemd-resolved's stub on the node"
    : "a file that lists the real name servers (with systemd-resolved /run/systemd/resolve/resolv.conf)";
  return `set the kubelet's resolvConf (--resolv-conf) to ${file}, and restart the DNS Pods; or write the servers behind forward`;
}
