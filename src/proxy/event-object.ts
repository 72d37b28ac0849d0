/** Reports as objects of events.k8s.io/v1, within the limits that the API server holds them to. */

export interface EventReport {
  readonly type: "Normal" | "Warning";
  /** Why, as one word for machines: `FailedToStartServiceHealthcheck`. */
  readonly reason: string;
  /** What was being done, as one word: `Listen`. */
  readonly action: string;
  /** The sentence that people read. */
  readonly note: string;
  readonly regarding: ObjectReference;
}

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** One event that was reported, and how many times. */
export interface EventSeries {
  /** Of the event object. */
  readonly path: string;
  count: number;
  /** Its number is about to be told. */
  isPlanned: boolean;
}

interface Circumstances {
  readonly controller: string;
  readonly instance: string;
  /** Makes the name unique. */
  readonly suffix: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

const maxNameCharacters = 253;
const maxNoteBytes = 1024;

/** As kubelet and kube-proxy refer to a node: by its name in place of the UID, which is how `describe` finds it. */
export function nodeReference(nodeName: string): ObjectReference {
  return { apiVersion: "v1", kind: "Node", namespace: "", name: nodeName, uid: nodeName };
}

export function serviceReference(namespace: string, name: string): ObjectReference {
  return { apiVersion: "v1", kind: "Service", namespace, name };
}

/** The object to create. Events about what has no namespace live in `default`. */
export function eventObject(report: EventReport, circumstances: Circumstances) {
  const { regarding, note, ...rest } = report;
  const { controller, instance, suffix, timeMs } = circumstances;
  // A name that was cut must not end in a dot: another follows.
  const name = regarding.name.slice(0, maxNameCharacters - suffix.length - 1).replace(/[.-]+$/, "");
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name}.${suffix}`, namespace: regarding.namespace || "default" },
    eventTime: microTime(timeMs),
    reportingController: controller,
    reportingInstance: instance,
    ...rest,
    note: withinBytes(note, maxNoteBytes),
    regarding,
  };
}

/** The fields to merge into an event that happened `count` times, at least twice. */
export function seriesFields(count: number, lastObservedMs: number) {
  return { series: { count, lastObservedTime: microTime(lastObservedMs) } };
}

export function eventPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
}

/** Equal for reports that are the same event once more. */
export function identityOf({ type, reason, action, note, regarding }: EventReport): string {
  const { kind, namespace, name } = regarding;
  return JSON.stringify([type, reason, action, note, kind, namespace, name]);
}

/** MicroTime: six digits, no less. */
function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}

/** Cuts at a character's border. */
function withinBytes(text: string, maxBytes: number): string {
  const bytes = new Uint8Array(maxBytes);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
