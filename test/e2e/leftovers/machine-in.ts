import type { Machine } from "../../../src/proxy/leftovers/machine.ts";
import { ProgramMissingError, thisMachine } from "../../../src/proxy/leftovers/machine.ts";

/** The machine in a network namespace; `words` take a command there. Some programs may be as if they were not. */
export function machineIn(words: readonly string[], missing: readonly string[] = []): Machine {
  const [first = "", ...others] = words;
  return {
    run: async ([program, ...args], input) => {
      if (missing.some(beginning => program.startsWith(beginning))) {
        throw new ProgramMissingError(`there is no program ${program}`);
      }
      return thisMachine.run([first, ...others, program, ...args], input);
    },
    read: path => thisMachine.run([first, ...others, "cat", path]).catch(() => ""),
  };
}
