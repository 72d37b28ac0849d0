/** Runs a template: nodes and data → text. */

import { functionOf } from "./functions.ts";
import type { Command, Operand, Pipe, TemplateNode } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";
import { isList, isMap, isTrue, kindOf, print, Struct, sortedEntries } from "./value.ts";

/** Throws TemplateError: failure. */
export function evaluate(nodes: readonly TemplateNode[], data: Struct): string {
  const evaluation = new Evaluation(data);
  evaluation.run(nodes, data);
  return evaluation.text;
}

/** `range` may count to a number that a client has put into the name; a text longer than this is no record. */
const maxRounds = 10_000;
const maxLength = 0x10000;

type Flow = "on" | "break" | "continue";

class Evaluation {
  text = "";
  #variables: { readonly name: string; value: Value }[];
  #rounds = 0;

  constructor(data: Struct) {
    this.#variables = [{ name: "$", value: data }];
  }

  run(nodes: readonly TemplateNode[], dot: Value): Flow {
    for (const node of nodes) {
      const flow = this.#runNode(node, dot);
      if (flow !== "on") return flow;
    }
    return "on";
  }

  #runNode(node: TemplateNode, dot: Value): Flow {
    switch (node.kind) {
      case "text":
        this.#write(node.text);
        return "on";
      case "action": {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#write(print(value));
        return "on";
      }
      case "break":
      case "continue":
        return node.kind;
      default:
        return this.#inScope(() => this.#runBranch(node, dot));
    }
  }

  #runBranch(node: Extract<TemplateNode, { body: unknown }>, dot: Value): Flow {
    if (node.kind === "range") return this.#range(node, dot);
    const value = this.#pipe(node.pipe, dot);
    if (!isTrue(value)) return this.run(node.otherwise, dot);
    return this.run(node.body, node.kind === "with" ? value : dot);
  }

  #range(node: Extract<TemplateNode, { body: unknown }>, dot: Value): Flow {
    const { variables, isAssignment } = node.pipe;
    const value = this.#commands(node.pipe, dot);
    if (typeof value === "bigint" && variables.length === 2) {
      throw new TemplateError("failure", "counting gives one variable, not two");
    }
    let isEmpty = true;
    for (const [key, item] of itemsOf(value)) {
      isEmpty = false;
      this.#rounds += 1;
      if (this.#rounds > maxRounds) throw new TemplateError("failure", `over ${maxRounds} rounds of range`);
      const values = variables.length === 2 ? [key, item] : [item];
      const flow = this.#inScope(() => {
        variables.forEach((name, index) => {
          this.#set(name, values[index], isAssignment);
        });
        return this.run(node.body, item);
      });
      if (flow === "break") break;
    }
    return isEmpty ? this.run(node.otherwise, dot) : "on";
  }

  #inScope<Result>(work: () => Result): Result {
    const count = this.#variables.length;
    const result = work();
    this.#variables.length = count;
    return result;
  }

  #write(text: string): void {
    this.text += text;
    if (this.text.length > maxLength) throw new TemplateError("failure", `over ${maxLength} characters`);
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    const value = this.#commands(pipe, dot);
    for (const name of pipe.variables) this.#set(name, value, pipe.isAssignment);
    return value;
  }

  #commands({ commands }: Pipe, dot: Value): Value {
    let piped: readonly Value[] = [];
    for (const command of commands) piped = [this.#command(command, dot, piped)];
    return piped[0];
  }

  /** `piped` holds the result of the command in front, if there is one. */
  #command([first, ...others]: Command, dot: Value, piped: readonly Value[]): Value {
    if (first.kind === "function") return this.#call(first.name, others, dot, piped);
    if (first.kind === "constant" && first.value === null) {
      throw new TemplateError("failure", "nil alone says nothing");
    }
    const args = [...others.map(operand => this.#operand(operand, dot)), ...piped];
    return this.#operand(first, dot, args);
  }

  #call(name: string, operands: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    const { least, most, call } = functionOf(name);
    const count = operands.length + piped.length;
    if (count < least || count > most)
      throw new TemplateError("failure", `${name} cannot take ${count} arguments`);
    const args: Value[] = [];
    for (const operand of operands) {
      const value = this.#operand(operand, dot);
      if ((name === "and" && !isTrue(value)) || (name === "or" && isTrue(value))) return value;
      args.push(value);
    }
    return call([...args, ...piped]);
  }

  #operand(operand: Operand, dot: Value, args: readonly Value[] = []): Value {
    switch (operand.kind) {
      case "function":
        return this.#call(operand.name, [], dot, args);
      case "dot":
        return resolve(dot, operand.path, args);
      case "variable":
        return resolve(this.#variable(operand.name).value, operand.path, args);
      case "pipe":
        return resolve(this.#pipe(operand.pipe, dot), operand.path, args);
      default:
        return resolve(operand.value, [], args);
    }
  }

  #variable(name: string): { value: Value } {
    const variable = this.#variables.findLast(each => each.name === name);
    if (variable === undefined) throw new TemplateError("failure", `there is no variable ${name}`);
    return variable;
  }

  #set(name: string, value: Value, isAssignment: boolean): void {
    if (isAssignment) this.#variable(name).value = value;
    else this.#variables.push({ name, value });
  }
}

/** Follows fields; a method at the end of the path gets the arguments. */
function resolve(start: Value, path: readonly string[], args: readonly Value[]): Value {
  let value = start;
  let isCalled = false;
  for (const [index, field] of path.entries()) {
    value = fieldOf(value, field);
    if (typeof value !== "function") continue;
    const given = index === path.length - 1 ? args : [];
    const [argument] = given;
    if (given.length !== 1 || typeof argument !== "string") {
      throw new TemplateError("failure", `.${field} takes one text, such as .${field} "kubernetes/service"`);
    }
    value = value(argument);
    isCalled = true;
  }
  if (args.length > 0 && !isCalled) throw new TemplateError("failure", "what is no function has arguments");
  return value;
}

function fieldOf(value: Value, field: string): Value {
  if (value === undefined) return undefined;
  if (isMap(value)) return value.get(field);
  const read =
    value instanceof Struct && Object.hasOwn(value.fields, field) ? value.fields[field] : undefined;
  if (read === undefined) throw new TemplateError("failure", `${kindOf(value)} has no field ${field}`);
  return read();
}

function* itemsOf(value: Value): Iterable<readonly [Value, Value]> {
  if (value === null || value === undefined) return;
  if (isMap(value)) yield* sortedEntries(value);
  else if (isList(value)) for (const [index, item] of value.entries()) yield [BigInt(index), item];
  else if (typeof value === "bigint") for (let index = 0n; index < value; index += 1n) yield [index, index];
  else throw new TemplateError("failure", `range cannot go through ${kindOf(value)}`);
}
