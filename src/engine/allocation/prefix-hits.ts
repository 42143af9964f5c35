/** How much of one tenant's prompts was found cached lately: what predictions of its work need not count. */
import type { Request } from "../request.ts";

/** Weight of the newest request in the recent means. Assumed: some fifty requests of memory; it only steers predictions. */
const NEWEST_SHARE = 0.02;

export class PrefixHits {
  #promptTokens = 0;
  #cachedTokens = 0;

  /** A request has joined for the first time, and it is known how much of its prompt was cached. */
  heard({ promptTokens, cachedTokens }: Request<unknown>): void {
    this.#promptTokens += NEWEST_SHARE * (promptTokens - this.#promptTokens);
    this.#cachedTokens += NEWEST_SHARE * (cachedTokens - this.#cachedTokens);
  }

  /** Share of its prompt tokens that were cached lately. */
  get rate(): number {
    return this.#promptTokens === 0 ? 0 : this.#cachedTokens / this.#promptTokens;
  }
}
