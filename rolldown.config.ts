/** The bundle of the container image: one file that needs nothing beside it, and the licences of what is inside. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "rolldown";

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  output: {
    file: "dist/frontdesk.js",
    format: "esm",
    codeSplitting: false,
    minify: true,
    sourcemap: false,
  },
  plugins: [plainBuiltins(), withoutRequests(), asciiOnly(), thirdPartyLicenses()],
});

/**
 * What is imported from `node:http` as a module of its own has all its exports read, and one of these loads undici: 60 ms
 * and 16 MiB for nothing. What is asked for in this way does not.
 */
function plainBuiltins(): Plugin {
  const mark = "\0plain:";
  return {
    name: "plain-builtins",
    resolveId: id => (id === "node:http" || id === "http" ? `${mark}node:http` : null),
    load: id =>
      id.startsWith(mark) ? `module.exports = process.getBuiltinModule("${id.slice(mark.length)}");` : null,
  };
}

/**
 * client-node reads kubeconfig files and makes credentials here, and nothing else; requests are our own. What it makes
 * its requests with is nearly half of the program otherwise: 15 ms at each start.
 */
function withoutRequests(): Plugin {
  const unused = "\0unused";
  return {
    name: "without-requests",
    resolveId: (id, importer) => {
      const isOfKubeconfig = importer?.endsWith("/client-node/dist/config.js") === true;
      return isOfKubeconfig && (id === "undici" || id === "./gen/index.js") ? unused : null;
    },
    load: id => (id === unused ? "module.exports = {};" : null),
  };
}

/** One character beyond Latin-1, in any message, and V8 keeps the whole program in two octets for each. */
function asciiOnly(): Plugin {
  return {
    name: "ascii-only",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
      }
    },
  };
}

/** Strings, templates and regular expressions all know this form; nothing else of a minified program has such characters. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Writes the licence text of every package that ended up in the bundle: MIT and Apache-2.0 both ask for it. */
function thirdPartyLicenses(): Plugin {
  return {
    name: "third-party-licenses",
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap(file => (file.type === "chunk" ? file.moduleIds : []));
      const folders = new Set(modules.map(packageFolderOf).filter(folder => folder !== undefined));
      const source = [...folders]
        .sort()
        .map(licenseTextOf)
        .join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES.txt", source });
    },
  };
}

function packageFolderOf(moduleId: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(moduleId)?.[0];
}

function licenseTextOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8");
  return `${name} ${version}\n\n${text.trim()}\n`;
}
