/**
 * Requests of one client that have arrived and are not yet in the engine's hands: the engine's HTTP front parses and tokenises
 * them first, between the tokens that it sends. It works on one at a time, so they come out in the order they went in.
 */
import { Fifo } from "../base/fifo.ts";
import type { Sent } from "./cluster.ts";

export class Edge {
  readonly #held = new Fifo<Sent>();
  /** When the last of them comes out. */
  #lastNs = 0;
  /** When the next one comes out; Infinity while it holds none. */
  nextNs = Infinity;

  /** When a request comes out that goes in now and takes `ns` by itself: behind the one before it. */
  leavesNs(nowNs: number, ns: number): number {
    return Math.max(nowNs + ns, this.#lastNs);
  }

  /** Takes a request in. */
  hold(sent: Sent): void {
    this.#held.push(sent);
    this.#lastNs = sent.leavesEdgeNs;
    this.#update();
  }

  /** Takes the next one out. */
  take(): Sent | undefined {
    const sent = this.#held.take();
    this.#update();
    return sent;
  }

  #update(): void {
    this.nextNs = this.#held.peek()?.leavesEdgeNs ?? Infinity;
  }
}
