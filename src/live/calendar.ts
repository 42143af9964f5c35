/**
 * Tells the engine when a day and a month begin, in UTC: quotas per day and per month count from there. A restart in the
 * middle of a day brings what was used of it before.
 */
import type { EngineInputs } from "./inputs.ts";

const MS_PER_DAY = 86_400_000;

type CalendarInputs = Pick<EngineInputs, "startDay" | "startMonth">;

/** What each tenant (in the platform's order) has used since the day and the month began. */
export interface Used {
  readonly tokensToday: readonly number[];
  readonly nanoUsdThisMonth: readonly number[];
}

export class Calendar {
  readonly #startedAtMs: number;
  #day: number;
  #month: number;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#day = Math.floor(startedAtMs / MS_PER_DAY);
    this.#month = monthOf(startedAtMs);
  }

  /** When the next day begins, in the run's time. */
  get nextNs(): number {
    return this.#toNs((this.#day + 1) * MS_PER_DAY);
  }

  /** The first day and month, at time 0. */
  begin(inputs: CalendarInputs, used: Used | undefined): void {
    inputs.startDay(this.#day, this.nextNs, used?.tokensToday);
    inputs.startMonth(this.#month, this.#monthEndNs(), used?.nanoUsdThisMonth);
  }

  /** The next day has begun. */
  turn(inputs: CalendarInputs): void {
    this.#day += 1;
    inputs.startDay(this.#day, this.nextNs);
    const month = monthOf(this.#day * MS_PER_DAY);
    if (month === this.#month) return;
    this.#month = month;
    inputs.startMonth(this.#month, this.#monthEndNs());
  }

  #monthEndNs(): number {
    return this.#toNs(Date.UTC(Math.floor(this.#month / 12), (this.#month % 12) + 1));
  }

  #toNs(ms: number): number {
    return (ms - this.#startedAtMs) * 1e6;
  }
}

/** The first moments of the day and the month that `ms` (Unix time) lies in. */
export function periodStarts(ms: number): { readonly dayMs: number; readonly monthMs: number } {
  const month = monthOf(ms);
  return {
    dayMs: Math.floor(ms / MS_PER_DAY) * MS_PER_DAY,
    monthMs: Date.UTC(Math.floor(month / 12), month % 12),
  };
}

/** Months since the year 0. */
function monthOf(ms: number): number {
  const date = new Date(ms);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
