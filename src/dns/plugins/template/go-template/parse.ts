/** Template text → nodes. */

import { readCharacter, readNumber, unquote } from "./constant.ts";
import { isFunction } from "./functions.ts";
import type { Piece, Token } from "./lex.ts";
import { lex } from "./lex.ts";
import type { Command, Operand, Pipe, TemplateNode } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/** Throws TemplateError; a failure is a template that cannot be run on anything. */
export function parseTemplate(text: string): readonly TemplateNode[] {
  return new Parser(lex(text)).parse();
}

/** Parts of the language that make a template of several ones. */
const notOffered = new Set(["template", "define", "block"]);

class Parser {
  readonly #pieces: readonly Piece[];
  /** The action that is read, and how far. */
  #tokens: readonly Token[] = [];
  #at = 0;
  #piece = 0;
  #variables: string[] = ["$"];
  #loops = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  parse(): readonly TemplateNode[] {
    const { nodes, end } = this.#list();
    if (end !== undefined) throw new TemplateError("syntax", `{{ ${end} }} ends nothing`);
    return nodes;
  }

  /** Up to an `end` or `else`, whose action is then at its second word, or to the end of the text. */
  #list(): { readonly nodes: readonly TemplateNode[]; readonly end: "end" | "else" | undefined } {
    const nodes: TemplateNode[] = [];
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === "text") {
        nodes.push(piece);
        continue;
      }
      this.#tokens = piece.tokens;
      this.#at = 0;
      const first = piece.tokens[0]?.kind === "word" ? piece.tokens[0].text : undefined;
      if (first === "end" || first === "else") {
        this.#at = 1;
        return { nodes, end: first };
      }
      nodes.push(this.#action(first));
    }
    return { nodes, end: undefined };
  }

  #action(word: string | undefined): TemplateNode {
    if (word === "if" || word === "with" || word === "range") {
      this.#at = 1;
      return this.#branch(word);
    }
    if (word === "break" || word === "continue") {
      this.#at = 1;
      if (this.#loops === 0) throw new TemplateError("syntax", `{{ ${word} }} stands outside of any range`);
      this.#finish();
      return { kind: word };
    }
    if (word !== undefined && notOffered.has(word)) {
      throw new TemplateError("not-offered", `{{ ${word} }} is not offered here`);
    }
    const pipe = this.#pipe("action");
    this.#finish();
    return { kind: "action", pipe };
  }

  #branch(kind: "if" | "with" | "range"): TemplateNode {
    const outer = [...this.#variables];
    const pipe = this.#pipe(kind);
    this.#finish();
    if (kind === "range") this.#loops += 1;
    const { nodes: body, end } = this.#list();
    if (kind === "range") this.#loops -= 1;
    const otherwise = end === "else" ? this.#else(kind) : [];
    if (end === undefined) throw new TemplateError("syntax", `{{ ${kind} }} has no {{ end }}`);
    if (end === "end") this.#finish();
    this.#variables = outer;
    return { kind, pipe, body, otherwise };
  }

  /** `{{ else }}`, or `{{ else if … }}`, which one `{{ end }}` closes together with what is around it. */
  #else(kind: "if" | "with" | "range"): readonly TemplateNode[] {
    const token = this.#tokens[this.#at];
    if (token?.kind === "word" && token.text === kind && kind !== "range") {
      this.#at += 1;
      return [this.#branch(kind)];
    }
    this.#finish();
    const { nodes, end } = this.#list();
    if (end !== "end") throw new TemplateError("syntax", "{{ else }} has no {{ end }}");
    this.#finish();
    return nodes;
  }

  #pipe(context: "if" | "with" | "range" | "action" | "parenthesis"): Pipe {
    const { variables, isAssignment } = this.#declaration(context);
    const commands: Command[] = [this.#command()];
    while (this.#takes("|")) {
      const command = this.#command();
      if (command[0].kind === "constant" || (command[0].kind === "dot" && command[0].path.length === 0)) {
        throw new TemplateError("syntax", "behind | stands what is no function");
      }
      commands.push(command);
    }
    if (!isAssignment) this.#variables.push(...variables);
    return { variables, isAssignment, commands };
  }

  #declaration(context: string): Pick<Pipe, "variables" | "isAssignment"> {
    const start = this.#at;
    const variables: string[] = [];
    do {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "variable") break;
      variables.push(token.text);
      this.#at += 1;
    } while (variables.length < 2 && context === "range" && this.#takes(","));
    const isAssignment = this.#takes("=");
    if (variables.length > 0 && (isAssignment || this.#takes(":="))) {
      if (isAssignment) for (const name of variables) this.#needsVariable(name, "failure");
      return { variables, isAssignment };
    }
    this.#at = start;
    return { variables: [], isAssignment: false };
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      const isEnd =
        token === undefined || (token.kind === "symbol" && (token.text === "|" || token.text === ")"));
      if (isEnd) break;
      if (operands.length > 0 && !token.isApart) {
        throw new TemplateError("syntax", `a blank is missing in front of ${token.text}`);
      }
      operands.push(this.#operand(token));
    }
    const [first, ...others] = operands;
    if (first === undefined) throw new TemplateError("syntax", "a value is missing");
    return [first, ...others];
  }

  #operand(token: Token): Operand {
    this.#at += 1;
    switch (token.kind) {
      case "field":
        return { kind: "dot", path: [token.text.slice(1), ...this.#path()] };
      case "variable":
        this.#needsVariable(token.text);
        return { kind: "variable", name: token.text, path: this.#path() };
      case "word":
        return this.#word(token.text);
      case "symbol":
        return this.#symbol(token);
      default:
        return this.#withoutPath({ kind: "constant", value: constantOf(token) });
    }
  }

  #symbol({ text }: Token): Operand {
    if (text === ".") return this.#withoutPath({ kind: "dot", path: [] });
    if (text !== "(") throw new TemplateError("syntax", `${text} cannot stand here`);
    const pipe = this.#pipe("parenthesis");
    if (!this.#takes(")")) throw new TemplateError("syntax", "a ( is never closed");
    return { kind: "pipe", pipe, path: this.#path() };
  }

  #word(text: string): Operand {
    if (text === "true" || text === "false") {
      return this.#withoutPath({ kind: "constant", value: text === "true" });
    }
    if (text === "nil") return this.#withoutPath({ kind: "constant", value: null });
    if (text === "call") throw new TemplateError("not-offered", "call is not offered here");
    if (!isFunction(text)) throw new TemplateError("syntax", `there is no function ${text}`);
    return this.#withoutPath({ kind: "function", name: text }, "failure");
  }

  #path(): readonly string[] {
    const path: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "field" || token.isApart) return path;
      path.push(token.text.slice(1));
      this.#at += 1;
    }
  }

  #withoutPath(operand: Operand, kind: TemplateError["kind"] = "syntax"): Operand {
    if (this.#path().length > 0) throw new TemplateError(kind, `a ${operand.kind} has no fields`);
    return operand;
  }

  #needsVariable(name: string, kind: TemplateError["kind"] = "syntax"): void {
    if (!this.#variables.includes(name)) throw new TemplateError(kind, `there is no variable ${name}`);
  }

  #takes(symbol: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "symbol" || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #finish(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw new TemplateError("syntax", `${token.text} cannot stand here`);
  }

  #next(): Piece | undefined {
    const piece = this.#pieces[this.#piece];
    this.#piece += 1;
    return piece;
  }
}

function constantOf({ kind, text }: Token): string | bigint | ReturnType<typeof readNumber> {
  switch (kind) {
    case "number":
      return readNumber(text);
    case "character":
      return readCharacter(text);
    case "rawString":
      return text.slice(1, -1);
    default:
      return unquote(text);
  }
}
