/**
 * A budget per calendar period (tokens a day, money a month): what is reserved and what is spent never exceed the limit
 * together, however many requests race. Periods are numbered by the driver, who knows the calendar; what was reserved
 * in an earlier period settles against that one and no longer concerns this.
 */
import { assert } from "../../base/assert.ts";

export class Budget {
  limit: number;
  #period = 0;
  #endsAtNs = Infinity;
  #reserved = 0;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get period(): number {
    return this.#period;
  }

  get endsAtNs(): number {
    return this.#endsAtNs;
  }

  get reserved(): number {
    return this.#reserved;
  }

  get spent(): number {
    return this.#spent;
  }

  /** 0 when `amount` can be reserved now, else the time until the period ends; Infinity when it exceeds the limit. */
  waitNs(nowNs: number, amount: number): number {
    if (amount > this.limit) return Infinity;
    return this.#reserved + this.#spent + amount <= this.limit ? 0 : this.#endsAtNs - nowNs;
  }

  reserve(amount: number): void {
    this.#reserved += amount;
  }

  /** Replaces a reservation of `period` by what was really used. */
  settle(period: number, reserved: number, used: number): void {
    if (period !== this.#period) return;
    this.#reserved -= reserved;
    this.#spent += used;
    assert(this.#reserved >= 0, "a reservation settled twice");
  }

  /** A new period begins, until `endsAtNs`. `spent` is above 0 when a restart restores what was used before it. */
  startPeriod(period: number, endsAtNs: number, spent = 0): void {
    this.#endsAtNs = endsAtNs;
    if (period === this.#period) return;
    this.#period = period;
    this.#reserved = 0;
    this.#spent = spent;
  }
}
