/**
 * The generic cell rate algorithm: a rate limit that knows exactly when the next request would pass and never lets two
 * windows' worth through at a window's edge. One number of state: the theoretical arrival time, up to which the limit's
 * capacity is spoken for. Source: ITU-T I.371, in its virtual-scheduling form, with costs other than 1.
 */

export class Gcra {
  readonly #nsPerUnit: number;
  readonly #toleranceNs: number;
  #theoreticalNs = 0;

  /** `ratePerS` units per second in the long run; up to `burst` units at once. An infinite rate limits nothing. */
  constructor(ratePerS: number, burst: number) {
    this.#nsPerUnit = ratePerS === Infinity ? 0 : 1e9 / ratePerS;
    this.#toleranceNs = ratePerS === Infinity ? Infinity : burst * this.#nsPerUnit;
  }

  /** How long `units` must wait to pass, ns rounded up: 0 when they pass now, Infinity when they exceed the burst. */
  waitNs(nowNs: number, units: number): number {
    const costNs = units * this.#nsPerUnit;
    if (costNs > this.#toleranceNs) return Infinity;
    const excess = Math.max(this.#theoreticalNs - nowNs, 0) + costNs - this.#toleranceNs;
    return excess <= 0 ? 0 : Math.ceil(excess);
  }

  /** Takes `units`, which must pass now. */
  take(nowNs: number, units: number): void {
    this.#theoreticalNs = Math.max(this.#theoreticalNs, nowNs) + units * this.#nsPerUnit;
  }

  /** Gives back what was taken and not used. */
  giveBack(units: number): void {
    this.#theoreticalNs -= units * this.#nsPerUnit;
  }
}
