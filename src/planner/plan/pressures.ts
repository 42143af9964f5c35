/** Runs of one platform, promise by promise. */
import type { PlanPromise } from "../../results/plan.ts";
import type { RunReadings } from "../job.ts";

export interface PromisePressures {
  readonly promise: PlanPromise;
  /** One per run; null where so much was lost that there is none. */
  readonly pressures: readonly (number | null)[];
}

/** Promises in the order that every run of a scenario has them. */
export function pressuresOf(runs: readonly RunReadings[]): PromisePressures[] {
  const [first, ...others] = runs.map(({ tiers }) => tiers.flatMap(({ promises }) => promises));
  if (first === undefined) return [];
  return first.map(({ promise, pressure }, at) => ({
    promise,
    pressures: [pressure, ...others.map((readings) => readings[at]!.pressure)],
  }));
}
