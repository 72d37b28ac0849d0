/** Corefile word `metadata`: what one plugin knows of a query, another can use. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TestUpstream } from "../../support/test-upstream.ts";
import { useCorefile } from "./use-corefile.ts";

const upstream = await TestUpstream.start();
after(() => upstream.stop());

const subject = useCorefile({
  corefile: at => `${at.keys(".")} {
    ${at.common}
    metadata example.org
    log . "asked {name} of <{/forward/upstream}>"
    forward . ${upstream.target}
}
`,
});

/** The log is written behind the reply. */
async function logLineAbout(name: string): Promise<string> {
  for (;;) {
    const line = subject.subject
      .output()
      .split("\n")
      .find(text => text.includes(`asked ${name} of`));
    if (line !== undefined) return line;
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

test("the log tells which upstream was asked, for names in the zones of metadata", {
  timeout: 3_000,
}, async () => {
  await subject.ask("www.example.org. A");
  assert.ok((await logLineAbout("www.example.org.")).includes(`<${upstream.target}>`));
});

test("what a plugin finds out while it answers is told outside of these zones too", {
  timeout: 3_000,
}, async () => {
  await subject.ask("www.example.com. A");
  assert.ok((await logLineAbout("www.example.com.")).includes(`<${upstream.target}>`));
});
