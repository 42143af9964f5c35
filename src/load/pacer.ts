/**
 * Calls back when something is due, in real time. Timers of the event loop are a millisecond coarse and late; the last
 * stretch before a due time is therefore spent polling, one turn of the loop at a time, so that answers are read meanwhile.
 */

/** Timers may be late by this much. */
const POLLED_NS = 1_500_000;
const LONGEST_TIMER_MS = 60_000;

export class Pacer {
  readonly #nowNs: () => number;
  readonly #onDue: () => void;
  #dueNs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;

  constructor(nowNs: () => number, onDue: () => void) {
    this.#nowNs = nowNs;
    this.#onDue = onDue;
  }

  /** Asks for one call at `dueNs` or as soon as possible after it; replaces what was asked for before. */
  arm(dueNs: number): void {
    if (dueNs === this.#dueNs) return;
    this.#dueNs = dueNs;
    clearTimeout(this.#timer);
    this.#wait();
  }

  #wait(): void {
    if (this.#dueNs === Infinity || this.#isPolling) return;
    const waitNs = this.#dueNs - this.#nowNs();
    if (waitNs <= POLLED_NS) {
      this.#isPolling = true;
      setImmediate(() => this.#poll());
      return;
    }
    const waitMs = Math.min(LONGEST_TIMER_MS, Math.floor((waitNs - POLLED_NS) / 1e6));
    this.#timer = setTimeout(() => this.#wait(), Math.max(1, waitMs));
  }

  #poll(): void {
    this.#isPolling = false;
    if (this.#nowNs() < this.#dueNs) {
      this.#wait();
      return;
    }
    this.#dueNs = Infinity;
    this.#onDue();
  }
}
