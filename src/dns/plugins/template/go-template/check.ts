/** What can be seen in a template before it runs: mistakes that whatever it is given will not put right. */

import { unknownDirectives } from "./format-text.ts";
import { functionOf } from "./functions.ts";
import type { Command, Operand, Pipe, TemplateNode } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/** What is known of a value in advance. */
export type Shape =
  | { readonly kind: "text" | "list" | "method" | "unknown" }
  | { readonly kind: "map"; readonly keys: ReadonlySet<string> }
  /** `isWhole`: Go has no further fields. */
  | {
      readonly kind: "structure";
      readonly fields: Readonly<Record<string, Shape>>;
      readonly isWhole: boolean;
    };

const unknown: Shape = { kind: "unknown" };

/** Throws TemplateError for the first thing that fails wherever it is run on `root` (failure), or is not offered. */
export function checkTemplate(nodes: readonly TemplateNode[], root: Shape): void {
  checkNodes(nodes, root, root);
}

function checkNodes(nodes: readonly TemplateNode[], dot: Shape, root: Shape): void {
  for (const node of nodes) {
    if (!("pipe" in node)) continue;
    const shape = checkPipe(node.pipe, dot, root);
    if (node.kind === "action") {
      if (shape.kind !== "structure" || node.pipe.variables.length > 0) continue;
      throw new TemplateError(
        "not-offered",
        "a whole structure is not shown as text here: name one of its fields",
      );
    }
    // Behind `with` and inside `range` the dot is another one.
    checkNodes(node.body, node.kind === "if" ? dot : node.kind === "with" ? shape : unknown, root);
    checkNodes(node.otherwise, dot, root);
  }
}

function checkPipe({ commands }: Pipe, dot: Shape, root: Shape): Shape {
  const shapes = commands.map((command, index) => checkCommand(command, index > 0, dot, root));
  return shapes.at(-1) ?? unknown;
}

function checkCommand([first, ...others]: Command, isPiped: boolean, dot: Shape, root: Shape): Shape {
  for (const operand of others) {
    const shape = checkOperand(operand, dot, root);
    if (operand.kind === "function") checkCount(operand.name, 0);
    if (shape.kind === "method")
      throw new TemplateError("failure", "a method has to be called in parentheses");
  }
  if (first.kind !== "function") return checkOperand(first, dot, root);
  checkCount(first.name, others.length + (isPiped ? 1 : 0));
  const [format] = others;
  if (first.name === "printf" && format?.kind === "constant" && typeof format.value === "string") {
    const [directive] = unknownDirectives(format.value);
    if (directive !== undefined)
      throw new TemplateError("not-offered", `printf does not know ${directive} here`);
  }
  return unknown;
}

function checkCount(name: string, count: number): void {
  const { least, most } = functionOf(name);
  if (count >= least && count <= most) return;
  const wanted =
    most === Infinity ? `at least ${least}` : least === most ? `${least}` : `${least} to ${most}`;
  throw new TemplateError("failure", `${name} takes ${wanted} arguments, not ${count}`);
}

function checkOperand(operand: Operand, dot: Shape, root: Shape): Shape {
  switch (operand.kind) {
    case "dot":
      return follow(dot, operand.path);
    case "variable":
      return operand.name === "$" ? follow(root, operand.path) : unknown;
    case "pipe":
      return follow(checkPipe(operand.pipe, dot, root), operand.path);
    default:
      return unknown;
  }
}

function follow(start: Shape, path: readonly string[]): Shape {
  return path.reduce(fieldOf, start);
}

function fieldOf(shape: Shape, field: string): Shape {
  switch (shape.kind) {
    case "structure": {
      const known = Object.hasOwn(shape.fields, field) ? shape.fields[field] : undefined;
      if (known !== undefined) return known;
      const fields = Object.keys(shape.fields).map(name => `.${name}`);
      throw new TemplateError(
        shape.isWhole ? "failure" : "not-offered",
        `there is no .${field} ${shape.isWhole ? "" : "here "}among ${fields.join(" ")}`,
      );
    }
    case "map":
      if (shape.keys.has(field)) return { kind: "text" };
      throw new TemplateError("failure", `no pattern has a group named ${field}`);
    case "text":
    case "list":
      throw new TemplateError("failure", `a ${shape.kind} has no field .${field}`);
    default:
      return unknown;
  }
}
