/** The start-up report of `up` as a table with what to type next, as tab-separated lines, or as JSON. */

import { formatTable } from "./table.ts";
import type { Report, ReportRow } from "./up-report.ts";
import { count } from "./up-report.ts";

export const outputForms = ["table", "plain", "json"] as const;

export type OutputForm = (typeof outputForms)[number];

export function formatReport(report: Report, form: OutputForm): string {
  switch (form) {
    case "json":
      return JSON.stringify(report, undefined, 2);
    case "plain":
      return report.rows.map(row => cellsOf(row).join("\t")).join("\n");
    case "table":
      return [summaryOf(report), tableOf(report.rows), nextStepsOf(report)]
        .filter(text => text !== "")
        .join("\n\n");
  }
}

function summaryOf({ paths, serviceCount, podCount, dns, adminAddress, isEcho }: Report): string {
  const standIns = isEcho && podCount > 0 ? ", a stand-in behind every port of theirs" : "";
  const counts = `${count(serviceCount, "Service")}, ${count(podCount, "Pod")}${standIns}`;
  return [
    `Frontdesk is up: ${counts}; from ${paths.join(" ")}`,
    `DNS    ${dns.address} port ${dns.port}, UDP and TCP`,
    `Admin  http://${adminAddress} with /health /ready /metrics`,
    ...(serviceCount === 0 ? ["Nothing to serve yet: manifests written there are picked up at once."] : []),
  ].join("\n");
}

function tableOf(rows: readonly ReportRow[]): string {
  if (rows.length === 0) return "";
  // A name is written once, beside the first of its addresses.
  const cells = rows.map((row, place) => {
    const [name = "", ...others] = cellsOf(row);
    return [rows[place - 1]?.name === row.name ? "" : name, ...others];
  });
  return formatTable(["NAME", "TYPE", "ADDRESS", "PORT", "STATE"], cells);
}

/** The row as the table has it; its last cell is the state. */
export function cellsOf(row: ReportRow): readonly string[] {
  const portName = row.portName === "" ? "" : ` ${row.portName}`;
  const port = row.port === 0 ? "" : `${row.port}/${row.protocol}${portName}`;
  return [row.name, row.type, row.address, port, row.state];
}

/** Commands made from what is really there, to be copied as they are; only such as will succeed. */
function nextStepsOf({ rows, dns, isEcho }: Report): string {
  const dig = `dig @${dns.address} -p ${dns.port}`;
  const service = mostTelling(rows);
  const nodePort = rows.find(row => row.type === "NodePort" && row.name === service?.name);
  const headless = rows.find(({ type, isServing }) => type === "headless" && isServing);
  const pod = rows.find(row => row.isServing && row.type === "Pod" && isNameBelow(row.name, headless?.name));
  const srvName = headless && pod && pod.portName !== "" && `${portNameOf(pod)}.${headless.name}`;
  const commands = [
    service && `${dig} +short ${service.name}`,
    srvName ? `${dig} SRV ${srvName}` : headless && `${dig} +short ${headless.name}`,
    pod && `${dig} +short -x ${pod.address}`,
    ...[service, nodePort].map(
      way => isEcho && way?.isServing && way.protocol === "TCP" && `curl ${urlOf(way)}`,
    ),
  ].filter(command => typeof command === "string");
  return commands.length === 0 ? "" : ["Try:", ...commands.map(command => `  ${command}`)].join("\n");
}

function isNameBelow(name: string, above: string | undefined): boolean {
  return above !== undefined && name.endsWith(`.${above}`);
}

/** `_http._tcp`, as in the names of SRV records. */
function portNameOf({ portName, protocol }: ReportRow): string {
  return `_${portName}._${protocol.toLowerCase()}`;
}

/** A Service that is reached from outside as well shows most; one that cannot be reached at all shows least. */
function mostTelling(rows: readonly ReportRow[]): ReportRow | undefined {
  const typesOf = Map.groupBy(rows, row => row.name);
  const rank = ({ name, isServing, protocol }: ReportRow) => {
    const types = typesOf.get(name)?.map(row => row.type) ?? [];
    const isOpen = types.includes("NodePort") ? 1 : 0;
    const isPlain = types.includes("LoadBalancer") ? 0 : 1;
    return (isServing ? 8 : 0) + (protocol === "TCP" ? 4 : 0) + 2 * isOpen + isPlain;
  };
  const services = rows.filter(({ type }) => type === "ClusterIP");
  return services.toSorted((a, b) => rank(b) - rank(a))[0];
}

function urlOf({ address, servedPort }: ReportRow): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return servedPort === 80 ? `http://${host}/` : `http://${host}:${servedPort}/`;
}
