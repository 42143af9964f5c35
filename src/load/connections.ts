/**
 * Keeps one HTTP/1.1 connection per request in flight and gives the most recently used free one out again. A pool that
 * searches its connections for a free one would spend its time searching where thousands are open.
 */
import { Client, type Dispatcher } from "undici";

/** How long a connection may take to open. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Connections are dropped this long before the server would: a request that crosses its closing would be lost. */
const KEEP_ALIVE_MARGIN_MS = 3000;
/** Enough for the code to have run some hundred times before the first request counts. */
const WARM_CONNECTIONS = 32;
const WARM_ROUNDS = 8;
const WARM_TIMEOUTS = { headersTimeout: 2000, bodyTimeout: 2000 };

export class Connections {
  readonly #origin: string;
  readonly #all: Client[] = [];
  readonly #free: Client[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Takes a free connection, or a new one that opens with its first request. */
  take(): Dispatcher {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const client = new Client(this.#origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
    this.#all.push(client);
    return client;
  }

  /**
   * Opens some connections with a harmless request each, so that the first requests of a load do not pay for a process
   * that has just started. What is answered does not matter, nor whether anybody does.
   */
  async warmUp(probe: {
    readonly path: string;
    readonly headers: Record<string, string>;
  }): Promise<void> {
    const clients = Array.from({ length: WARM_CONNECTIONS }, () => this.take());
    for (let round = 0; round < WARM_ROUNDS; round++) {
      await Promise.allSettled(
        clients.map(async (client) => {
          const { body } = await client.request({ method: "GET", ...probe, ...WARM_TIMEOUTS });
          await body.dump();
        }),
      );
    }
    for (const client of clients) this.giveBack(client);
  }

  /** Gives a connection back whose request has ended. One that broke opens again with its next request. */
  giveBack(connection: Dispatcher): void {
    if (connection instanceof Client) this.#free.push(connection);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }
}
