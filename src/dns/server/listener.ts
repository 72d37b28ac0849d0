/** What every transport of DNS looks like to the rest: an address in use until it is closed. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}
