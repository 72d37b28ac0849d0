/** Objects in Protocol Buffers, made of what they are in JSON: numbers of fields as in generated.proto of k8s.io/api. */

import type { RawObject } from "../../../src/cluster/trim.ts";
import { writeEnvelope, writeMessage } from "../write-protobuf.ts";

export const binaryType = "application/vnd.kubernetes.protobuf";

/** How the value of a field is written, by the number of the field. Of a list each element is. */
type Write = (value: unknown) => Parameters<typeof writeMessage>[0][number];
type Fields = Readonly<Record<string, readonly [number: number, write: Write]>>;

const plain: Write = value => value as string | number | boolean;
const message =
  (fields: Fields): Write =>
  value =>
    writeObject(fields, value as Readonly<Record<string, unknown>>);
const map: Write = value =>
  Object.entries(value as object).map(([key, text]) => writeMessage({ 1: key, 2: text }));
const time: Write = value => writeMessage({ 1: Math.floor(Date.parse(value as string) / 1000) });
const intOrString: Write = value =>
  writeMessage(typeof value === "string" ? { 1: 1, 2: 0, 3: value } : { 1: 0, 2: value as number, 3: "" });

const metadata: Fields = {
  name: [1, plain],
  generateName: [2, plain],
  namespace: [3, plain],
  uid: [5, plain],
  resourceVersion: [6, plain],
  generation: [7, plain],
  creationTimestamp: [8, time],
  deletionTimestamp: [9, time],
  labels: [11, map],
  annotations: [12, map],
};

const servicePort: Fields = {
  name: [1, plain],
  protocol: [2, plain],
  port: [3, plain],
  targetPort: [4, intOrString],
  nodePort: [5, plain],
  appProtocol: [6, plain],
};

const serviceSpec: Fields = {
  ports: [1, message(servicePort)],
  selector: [2, map],
  clusterIP: [3, plain],
  type: [4, plain],
  externalIPs: [5, plain],
  sessionAffinity: [7, plain],
  loadBalancerIP: [8, plain],
  loadBalancerSourceRanges: [9, plain],
  externalName: [10, plain],
  externalTrafficPolicy: [11, plain],
  healthCheckNodePort: [12, plain],
  publishNotReadyAddresses: [13, plain],
  sessionAffinityConfig: [14, message({ clientIP: [1, message({ timeoutSeconds: [1, plain] })] })],
  ipFamilyPolicy: [17, plain],
  clusterIPs: [18, plain],
  ipFamilies: [19, plain],
  allocateLoadBalancerNodePorts: [20, plain],
  loadBalancerClass: [21, plain],
  internalTrafficPolicy: [22, plain],
};

const ingress: Fields = { ip: [1, plain], hostname: [2, plain], ipMode: [3, plain] };

const endpoint: Fields = {
  addresses: [1, plain],
  conditions: [2, message({ ready: [1, plain], serving: [2, plain], terminating: [3, plain] })],
  hostname: [3, plain],
  targetRef: [4, message({ kind: [1, plain], namespace: [2, plain], name: [3, plain], uid: [4, plain] })],
  nodeName: [6, plain],
  zone: [7, plain],
};

const fieldsOf: Readonly<Record<string, Fields>> = {
  Namespace: { metadata: [1, message(metadata)] },
  Service: {
    metadata: [1, message(metadata)],
    spec: [2, message(serviceSpec)],
    status: [3, message({ loadBalancer: [1, message({ ingress: [1, message(ingress)] })] })],
  },
  EndpointSlice: {
    metadata: [1, message(metadata)],
    endpoints: [2, message(endpoint)],
    ports: [
      3,
      message({ name: [1, plain], protocol: [2, plain], port: [3, plain], appProtocol: [4, plain] }),
    ],
    addressType: [4, plain],
  },
};

/** Whether objects of the kind can be written; a real server has more kinds and more fields. */
export function isBinaryKind(kind: string): boolean {
  return fieldsOf[kind] !== undefined;
}

/** Each object once, however often it is listed: for the largest tests it takes longest. */
const written = new WeakMap<RawObject, Buffer>();

export function writeBinaryList(
  apiVersion: string,
  kind: string,
  resourceVersion: string,
  items: readonly RawObject[],
): Buffer {
  const list = writeMessage({
    1: writeMessage({ 2: resourceVersion, 3: "" }),
    2: items.map(item => {
      const octets = written.get(item) ?? writeObject(fieldsOf[kind] ?? {}, item);
      written.set(item, octets);
      return octets;
    }),
  });
  return writeEnvelope(apiVersion, `${kind}List`, list);
}

function writeObject(fields: Fields, object: Readonly<Record<string, unknown>>): Buffer {
  const values = Object.entries(fields).map(([name, [number, write]]) => {
    const value = object[name];
    if (value === undefined || value === null) return [number, undefined] as const;
    return [number, Array.isArray(value) ? value.map(one => write(one) as string) : write(value)] as const;
  });
  return writeMessage(Object.fromEntries(values));
}
