/**
 * Requests of one client that have arrived and are not yet in the engine's hands: the engine's HTTP front parses and tokenises
 * them first. That takes each of them the same time and no GPU, so they come out in the order they went in.
 */
import type { Sent } from "./cluster.ts";

interface Held {
  readonly sent: Sent;
  readonly arrivalNs: number;
}

/** How many requests are handed over before the list is cut; keeps taking them O(1). */
const CUT_AFTER = 64;

export class Edge {
  readonly overheadNs: number;
  #held: Held[] = [];
  #first = 0;

  constructor(overheadNs: number) {
    this.overheadNs = overheadNs;
  }

  /** When the next request comes out; Infinity while it holds none. */
  get nextNs(): number {
    const held = this.#held[this.#first];
    return held === undefined ? Infinity : held.arrivalNs + this.overheadNs;
  }

  hold(arrivalNs: number, sent: Sent): void {
    this.#held.push({ sent, arrivalNs });
  }

  /** The next to come out, if it does by `nowNs`. */
  take(nowNs: number): Held | undefined {
    if (this.nextNs > nowNs) return undefined;
    const held = this.#held[this.#first];
    this.#first += 1;
    if (this.#first >= CUT_AFTER) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return held;
  }
}
