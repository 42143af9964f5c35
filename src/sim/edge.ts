/**
 * Requests of one client that have arrived and are not yet in the engine's hands: the engine's HTTP front parses and tokenises
 * them first, between the tokens that it sends. It works on one at a time, so they come out in the order they went in.
 */
import type { Sent } from "./cluster.ts";

interface Held {
  readonly sent: Sent;
  readonly arrivalNs: number;
  readonly leavesNs: number;
}

/** Requests handed over before the list is cut, so that taking one stays O(1). */
const CUT_AFTER = 64;

export class Edge {
  #held: Held[] = [];
  #first = 0;

  /** When the next request comes out; Infinity while it holds none. */
  get nextNs(): number {
    return this.#held[this.#first]?.leavesNs ?? Infinity;
  }

  /** Takes a request in, to come out at `leavesNs` or behind the one before it. */
  hold(arrivalNs: number, leavesNs: number, sent: Sent): void {
    const before = this.#held.at(-1)?.leavesNs ?? 0;
    this.#held.push({ sent, arrivalNs, leavesNs: Math.max(leavesNs, before) });
  }

  /** The next to come out, if it does by `nowNs`. */
  take(nowNs: number): Held | undefined {
    const held = this.#held[this.#first];
    if (held === undefined || held.leavesNs > nowNs) return undefined;
    this.#first += 1;
    if (this.#first >= CUT_AFTER) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return held;
  }
}
