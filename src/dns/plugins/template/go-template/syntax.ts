/** What a template of Go's text/template language is made of. */

import type { Value } from "./value.ts";

export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipe: Pipe;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | { readonly kind: "break" | "continue" };

/** `$a, $b := COMMAND | COMMAND`: each result is the last argument of the next command. */
export interface Pipe {
  readonly variables: readonly string[];
  /** `=`: the variables are there already. */
  readonly isAssignment: boolean;
  readonly commands: readonly Command[];
}

/** A value, or a function with its arguments. */
export type Command = readonly [Operand, ...Operand[]];

export type Operand =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "function"; readonly name: string }
  /** `.A.B`; without a path the dot itself. */
  | { readonly kind: "dot"; readonly path: readonly string[] }
  /** `$x.A.B`; `$` is what the template is run on. */
  | { readonly kind: "variable"; readonly name: string; readonly path: readonly string[] }
  /** `(PIPE).A.B` */
  | { readonly kind: "pipe"; readonly pipe: Pipe; readonly path: readonly string[] };
