import type { ContainerName } from "./containers.ts";
import type { TableWords } from "./table-words.ts";

/** One entry of a set or map, in nft's spelling. */
export interface Element {
  readonly container: ContainerName;
  readonly key: string;
  /** Undefined in a set. */
  readonly value?: string | undefined;
  /** Which Service port it belongs to, for people. */
  readonly comment?: string | undefined;
}

/** What makes one state of a table another. What is removed is there, what is added is not or is removed as well. */
export interface ElementChanges {
  readonly removed: readonly Element[];
  readonly added: readonly Element[];
}

/** nft takes twice as long for elements that come one by one; long commands make its complaints unreadable. */
const elementsPerCommand = 200;

/** The same sets in as few commands as is good. Elements of one container need not come together. */
export function elementCommands(
  verb: "add" | "delete",
  { table }: TableWords,
  elements: Iterable<Element>,
): string[] {
  const commands: string[] = [];
  const flush = (container: string, texts: readonly string[]) =>
    commands.push(`${verb} element ${table} ${container} { ${texts.join(", ")} }`);
  const open = new Map<string, string[]>();
  for (const element of elements) {
    const texts = open.get(element.container) ?? [];
    texts.push(verb === "add" ? formatElement(element) : element.key);
    open.set(element.container, texts);
    if (texts.length < elementsPerCommand) continue;
    flush(element.container, texts);
    open.delete(element.container);
  }
  for (const [container, texts] of open) flush(container, texts);
  return commands;
}

function formatElement({ key, value, comment }: Element): string {
  const note = comment === undefined ? "" : ` comment "${commentText(comment)}"`;
  return value === undefined ? `${key}${note}` : `${key}${note} : ${value}`;
}

/** The kernel keeps 128 bytes with the terminator; nothing may end the quotes early. */
function commentText(text: string): string {
  return text.replace(/[^\w./:-]/g, "?").slice(0, 127);
}

/** What has to be done so that `before` becomes `after`; an element with another value or comment is replaced. */
export function diffElements(before: readonly Element[], after: readonly Element[]): ElementChanges {
  if (before.length === 0) return { removed: [], added: after };
  const old = new Map(before.map(element => [identity(element), element]));
  const added: Element[] = [];
  for (const element of after) {
    const id = identity(element);
    const previous = old.get(id);
    if (previous !== undefined && isSame(previous, element)) old.delete(id);
    else added.push(element);
  }
  return { removed: [...old.values()], added };
}

function identity({ container, key }: Element): string {
  return `${container} ${key}`;
}

function isSame(a: Element, b: Element): boolean {
  return a.value === b.value && a.comment === b.comment;
}
