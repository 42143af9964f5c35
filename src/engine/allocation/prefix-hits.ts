/** How much of each tenant's prompts one pool's requests found cached lately: what predicted waits need not count. */
import type { Request } from "../request.ts";

/** Weight of the newest request in the recent means. Assumed: some fifty requests of memory; it only steers predictions. */
const NEWEST_SHARE = 0.02;

export class PrefixHits {
  /** Recent means per tenant; nothing to remember until something was cached. */
  readonly #usual = new Map<number, { promptTokens: number; cachedTokens: number }>();

  /** A request has joined for the first time, and it is known how much of its prompt was cached. */
  heard({ tenant, promptTokens, cachedTokens }: Request<unknown>): void {
    const usual = this.#usual.get(tenant);
    if (usual === undefined) {
      if (cachedTokens > 0) this.#usual.set(tenant, { promptTokens, cachedTokens: 0 });
      return;
    }
    usual.promptTokens += NEWEST_SHARE * (promptTokens - usual.promptTokens);
    usual.cachedTokens += NEWEST_SHARE * (cachedTokens - usual.cachedTokens);
  }

  /** Share of the tenant's prompt tokens that were cached lately. */
  rate(tenant: number): number {
    const usual = this.#usual.get(tenant);
    return usual === undefined ? 0 : usual.cachedTokens / usual.promptTokens;
  }
}
