/** The HTTP pages of a server whose configuration changes while it runs. */

import type { Logger } from "pino";
import type { AdminServer, Route } from "./admin.ts";
import { serveAdmin } from "./admin.ts";

/** Address → path → page. */
export type AdminPages = ReadonlyMap<string, Readonly<Record<string, Route>>>;

interface Open {
  readonly server: AdminServer;
  routes: Readonly<Record<string, Route>>;
}

export class AdminServers {
  readonly #log: Logger;
  readonly #open = new Map<string, Open>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Serves these pages and no others. Addresses that stay are never closed.
   *
   * @throws AdminListenError when a new address cannot be had; nothing has changed then
   */
  async show(pages: AdminPages): Promise<void> {
    const added: [string, Open][] = [];
    try {
      for (const [address, routes] of pages) {
        if (!this.#open.has(address)) added.push([address, await this.#listen(address, routes)]);
      }
    } catch (error) {
      await Promise.all(added.map(([, { server }]) => server.close()));
      throw error;
    }
    for (const [address, open] of added) this.#open.set(address, open);
    for (const [address, open] of this.#open) {
      const routes = pages.get(address);
      if (routes !== undefined) open.routes = routes;
      else {
        this.#open.delete(address);
        await open.server.close();
      }
    }
  }

  async #listen(address: string, routes: Readonly<Record<string, Route>>): Promise<Open> {
    const open: Open = {
      routes,
      server: await serveAdmin({ address, routes: () => open.routes, log: this.#log }),
    };
    return open;
  }

  async close(): Promise<void> {
    await this.show(new Map());
  }
}
