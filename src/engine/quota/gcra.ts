/**
 * The generic cell rate algorithm: a rate limit that knows exactly when the next request would pass and never lets two
 * windows' worth through at a window's edge. One number of state: the theoretical arrival time, up to which the limit's
 * capacity is spoken for. Source: ITU-T I.371, in its virtual-scheduling form, with costs other than 1.
 */

export class Gcra {
  #nsPerUnit = 0;
  #toleranceNs = Infinity;
  #theoreticalNs = 0;

  /** `ratePerS` units per second in the long run; up to `burst` units at once. An infinite rate limits nothing. */
  constructor(ratePerS: number, burst: number) {
    this.setRate(ratePerS, burst);
  }

  /** Another limit from now on; what was taken stays taken. */
  setRate(ratePerS: number, burst: number): void {
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

  /** Most whole units that would pass now; Infinity without a limit. */
  remaining(nowNs: number): number {
    if (this.#nsPerUnit === 0) return Infinity;
    const roomNs = this.#toleranceNs - this.untilFullNs(nowNs);
    const units = Math.max(0, Math.floor(roomNs / this.#nsPerUnit));
    // Division rounds: the answer is held against what a request would be told.
    if (this.waitNs(nowNs, units + 1) === 0) return units + 1;
    return units > 0 && this.waitNs(nowNs, units) > 0 ? units - 1 : units;
  }

  /** Time until the whole burst would pass again, ns. */
  untilFullNs(nowNs: number): number {
    return Math.max(this.#theoreticalNs - nowNs, 0);
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
