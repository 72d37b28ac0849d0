/** The words of a Corefile in reading order: variables replaced, imports followed, oddities reported. */

import { CorefileSyntaxError } from "./corefile-syntax-error.ts";
import type { Environment } from "./environment.ts";
import { replaceVariables } from "./environment.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { finding } from "./finding.ts";
import type { CorefileFiles, ImportSource } from "./imports.ts";
import { Imports } from "./imports.ts";
import type { Token } from "./lexer.ts";
import { isSameLine, lex } from "./lexer.ts";
import type { Place, Word } from "./syntax.ts";
import { TokenStream } from "./token-stream.ts";

export interface CorefileText {
  /** As places name it. */
  readonly file: string;
  readonly text: string;
  readonly files: CorefileFiles;
  readonly environment: Environment;
}

const maxImports = 10_000;
/** Snippets that import each other twice over grow beyond any memory long before there are too many imports. */
const maxImportedWords = 1_000_000;

export class WordReader {
  readonly findings: Finding[] = [];
  readonly #stream: TokenStream;
  readonly #imports: Imports;
  readonly #environment: Environment;
  #unclosedQuote: Token | undefined;
  #isQuoteToBlame = false;
  #importCount = 0;
  #importedWordCount = 0;

  constructor({ file, text, files, environment }: CorefileText) {
    const tokens = lex(text, file);
    this.#stream = new TokenStream({ name: file, tokens });
    this.#imports = new Imports(files, imported => this.#noteOddities(imported));
    this.#environment = environment;
    this.#noteOddities(tokens);
  }

  get last(): Token | undefined {
    return this.#stream.last;
  }

  get isAtLineStart(): boolean {
    return this.#stream.isAtLineStart;
  }

  peek(): Token | undefined {
    return this.#stream.peek();
  }

  next(): Token | undefined {
    return this.#stream.next();
  }

  report(code: FindingCode, at: Place, what: string, remedy: string): void {
    this.findings.push(finding(code, at, what, remedy));
  }

  /** A brace or quote that nobody closes, found at the end of the text. A quote is the cause of any open brace. */
  reportUnclosed(open: Place): void {
    const quote = this.#unclosedQuote;
    if (quote === undefined) {
      this.report(
        "COREFILE_SYNTAX",
        open,
        "the block that begins here is never closed",
        "write the closing }",
      );
    } else {
      this.report(
        "COREFILE_SYNTAX",
        quote.at,
        "the quote that begins here is never closed, and takes in all that follows",
        'write the closing "',
      );
      this.#isQuoteToBlame = true;
    }
  }

  /** Reports what can be said only when all has been read. */
  end(): void {
    if (this.#unclosedQuote === undefined || this.#isQuoteToBlame) return;
    this.report(
      "COREFILE_RISKY",
      this.#unclosedQuote.at,
      "the quote that begins here runs to the end of the file",
      'write the closing "',
    );
  }

  /** The word with its variables replaced. */
  word({ text, at }: Token): Word {
    if (!text.includes("{$") && !text.includes("{%")) return { text, at };
    const replaced = replaceVariables(text, this.#environment);
    if (replaced === undefined) {
      this.report(
        "COREFILE_VALUE",
        at,
        `the variables in ${text} refer to themselves`,
        "set them to plain text",
      );
      return { text, at };
    }
    for (const name of replaced.unset) {
      this.report(
        "COREFILE_RISKY",
        at,
        `the environment variable ${name} is not set: nothing stands in its place`,
        "set it where the server runs",
      );
    }
    return { text: replaced.text, at };
  }

  /** Keeps the words of a snippet for later imports. */
  define(name: Word, tokens: readonly Token[]): void {
    if (this.#imports.define(name.text, tokens)) return;
    this.report(
      "COREFILE_DUPLICATE",
      name.at,
      `there is already a snippet (${name.text})`,
      "rename one of them",
    );
  }

  /** Puts what the coming `import NAME` names in its place. Throws CorefileSyntaxError when imports have no end. */
  expandImport(): void {
    const keyword = this.#stream.skip();
    if (keyword === undefined) return;
    const name = this.#sameLine(keyword);
    if (name === undefined || isBrace(name)) {
      this.report(
        "COREFILE_IMPORT",
        keyword.at,
        "import names nothing",
        "name a file, a pattern or a snippet",
      );
      return;
    }
    this.#stream.skip();
    for (let last = name, next = this.#sameLine(last); next !== undefined; next = this.#sameLine(last)) {
      this.report(
        "COREFILE_IMPORT",
        next.at,
        "import takes one name; snippets have no arguments",
        isBrace(next) ? "write it on a line of its own" : "remove what is too much",
      );
      // Whoever forgot a line break meant braces as braces.
      if (isBrace(next)) break;
      this.#stream.skip();
      last = next;
    }
    this.#import(this.word(name));
  }

  /** The coming word if it stands on the line on which this one ends. */
  #sameLine(token: Token): Token | undefined {
    const next = this.peek();
    return next !== undefined && isSameLine(token, next) ? next : undefined;
  }

  #import(name: Word): void {
    const report = (what: string, remedy: string) => this.report("COREFILE_IMPORT", name.at, what, remedy);
    if (name.text === "") {
      report("import names nothing", "name a file, a pattern or a snippet");
      return;
    }
    const sources = this.#imports.find(name, report).filter(source => {
      const isRecursive = this.#stream.isWithin(source.name);
      if (isRecursive) report(`${source.name} imports itself`, "remove this import");
      return !isRecursive;
    });
    for (const source of sources) this.#count(source, name.at);
    this.#stream.insert(sources);
  }

  #count({ tokens }: ImportSource, at: Place): void {
    this.#importCount += 1;
    this.#importedWordCount += tokens.length;
    if (this.#importCount <= maxImports && this.#importedWordCount <= maxImportedWords) return;
    throw new CorefileSyntaxError(
      at,
      `there are more than ${maxImports} imports, or ${maxImportedWords} words imported`,
      "look for files or snippets that import each other many times over",
      "COREFILE_IMPORT",
    );
  }

  #noteOddities(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.oddity === "unclosed-quote") this.#unclosedQuote = token;
      if (token.oddity !== "cut-by-comment") continue;
      this.report(
        "COREFILE_RISKY",
        token.at,
        `# cuts off the rest of a word: only "${token.text}" is read`,
        'put the word in "quotes", or a blank before a comment',
      );
    }
  }
}

function isBrace({ text }: Word): boolean {
  return text === "{" || text === "}";
}
