/** What a back end needs of nft. All methods reject with NftError when nft refuses. */
export interface NftRunner {
  /** One transaction: all of the commands or none. Transactions are done one after the other, as they were asked for. */
  run(commands: readonly string[]): Promise<void>;
  /** Asks nft and the kernel whether they would take a transaction. */
  check(commands: readonly string[]): Promise<void>;
  /** Output of a listing: `["list", "chains", "ip"]`. */
  list(args: readonly string[]): Promise<string>;
  /** What nft says of itself; rejects when there is none. */
  version(): Promise<string>;
  /** After the transactions under way. */
  close(): Promise<void>;
}
