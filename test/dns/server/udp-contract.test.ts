/** What both listeners for UDP promise: see `udp-contract-cases.ts`. */

import { describe } from "node:test";
import { closingCases } from "./udp-closing-cases.ts";
import { contractCases } from "./udp-contract-cases.ts";
import { kinds } from "./udp-rig.ts";

for (const kind of kinds) {
  describe(`${kind} UDP listener`, () => {
    contractCases(kind);
    closingCases(kind);
  });
}
