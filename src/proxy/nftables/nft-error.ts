/** nft, or the kernel behind it, refused: nothing of the transaction was done. */
export class NftError extends Error {
  override readonly name = "NftError";
  /** The transaction did not fit into a netlink message; a smaller one may (user namespaces: `net.core.wmem_max`). */
  readonly isTooLong: boolean;

  /** `output` is what nft wrote to its standard error. */
  constructor(output: string) {
    super(summarize(output));
    this.isTooLong = /Message too long|No buffer space/.test(output);
  }
}

const maxExcerptCharacters = 160;

/** `No such file or directory: delete element ip frontdesk service-ips { 10.96.0.1 . tcp . 80 } (and 3 more)` */
function summarize(output: string): string {
  const [first, ...others] = output.matchAll(/Error: (.*)\n(.*)\n?([ ~^]*)/g);
  if (first === undefined) return output.trim().split("\n")[0] || "nft failed without a word";
  const [, complaint = "", line = "", marks = ""] = first;
  const column = marks.search(/\^/);
  const end = line.indexOf("; ", column);
  const text = line.slice(line.lastIndexOf("; ", column) + 1, end === -1 ? undefined : end);
  const command = text.trim().slice(0, maxExcerptCharacters);
  const reason = complaint.replace(/^Could not process rule: /, "");
  return `${reason}: ${command}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
}
