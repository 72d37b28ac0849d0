/** The start-up report of `up` as a table with what to type next, as tab-separated lines, or as JSON. */

import { formatTable } from "./table.ts";
import type { Report, ReportRow } from "./up-report.ts";

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
  const standIns = isEcho ? ", a stand-in behind every port of theirs" : "";
  return [
    `Frontdesk is up: ${count(serviceCount, "Service")}, ${count(podCount, "Pod")}${standIns}; from ${paths.join(" ")}`,
    `DNS    ${dns.address} port ${dns.port}, UDP and TCP`,
    `Admin  http://${adminAddress} with /health /ready /metrics`,
  ].join("\n");
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
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

function cellsOf(row: ReportRow): readonly string[] {
  const portName = row.portName === "" ? "" : ` ${row.portName}`;
  const port = row.port === 0 ? "" : `${row.port}/${row.protocol}${portName}`;
  return [row.name, row.type, row.address, port, row.state];
}

/** Commands made from what is really there, to be copied as they are. */
function nextStepsOf({ rows, dns }: Report): string {
  const dig = `dig @${dns.address} -p ${dns.port}`;
  const service = mostTelling(rows);
  const headless = rows.find(({ type, portName }) => type === "Pod" && portName !== "");
  const nodePort = rows.find(({ type, name, protocol }) => {
    return type === "NodePort" && protocol === "TCP" && name === service?.name;
  });
  const commands = [
    service && `${dig} +short ${service.name}`,
    headless &&
      `${dig} SRV _${headless.portName}._${headless.protocol.toLowerCase()}.${serviceOf(headless.name)}`,
    headless && `${dig} +short -x ${headless.address}`,
    service?.protocol === "TCP" && `curl ${urlOf(service)}`,
    nodePort && `curl ${urlOf(nodePort)}`,
  ].filter(command => typeof command === "string");
  return commands.length === 0 ? "" : ["Try:", ...commands.map(command => `  ${command}`)].join("\n");
}

/** A Service with a node port shows most: its name, its address and a way in from outside. */
function mostTelling(rows: readonly ReportRow[]): ReportRow | undefined {
  const typesOf = (name: string) => rows.filter(row => row.name === name).map(row => row.type);
  const services = rows.filter(({ type }) => type === "ClusterIP");
  return (
    services.find(
      ({ name }) => typesOf(name).includes("NodePort") && !typesOf(name).includes("LoadBalancer"),
    ) ??
    services.find(({ name }) => typesOf(name).includes("NodePort")) ??
    services[0]
  );
}

function urlOf({ address, servedPort }: ReportRow): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return servedPort === 80 ? `http://${host}/` : `http://${host}:${servedPort}/`;
}

/** `db-0.db.shop.svc.cluster.local` → `db.shop.svc.cluster.local`. */
function serviceOf(endpointName: string): string {
  return endpointName.slice(endpointName.indexOf(".") + 1);
}
