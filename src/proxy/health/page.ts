/** One HTTP answer, whole. */
export interface Page {
  readonly status: number;
  /** In the case in which they are sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What every answer of kube-proxy carries, so that no browser takes it for something else. */
const noSniffing = { "X-Content-Type-Options": "nosniff" };

export function jsonPage(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Page {
  return { status, headers: { "Content-Type": "application/json", ...noSniffing, ...headers }, body };
}

export function textPage(status: number, body: string): Page {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...noSniffing }, body };
}
