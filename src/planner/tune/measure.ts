/** How good settings are on some runs: promises broken first, then how near the worst of the others comes to its limit. */
import type { TuneMeasure } from "../../results/tune.ts";
import type { RunReadings } from "../job.ts";
import { pressuresOf } from "../plan/pressures.ts";
import { logsOf } from "../statistics/prediction.ts";

export function measureOf(runs: readonly RunReadings[]): TuneMeasure {
  const broken = runs.map(({ tiers }) =>
    tiers.flatMap(({ promises }) => promises.map(({ isKept }) => !isKept)),
  );
  const promises = pressuresOf(runs).map(({ promise, pressures }, at) => {
    const logs = logsOf(pressures);
    const mean = logs && logs.reduce((sum, log) => sum + log, 0) / logs.length;
    return {
      promise,
      pressure: mean === undefined ? null : Math.exp(mean),
      broken: broken.filter((run) => run[at]).length,
    };
  });
  const worst = promises.toSorted((a, b) => rank(b.pressure) - rank(a.pressure))[0];
  return {
    broken: promises.reduce((sum, one) => sum + one.broken, 0),
    worstPressure: worst?.pressure ?? null,
    worst: worst?.promise ?? null,
    promises,
  };
}

function rank(pressure: number | null): number {
  return pressure ?? Infinity;
}

/** Below 0 where `a` is better. Runs of both must be as many. */
export function better(a: TuneMeasure, b: TuneMeasure): number {
  if (a.broken !== b.broken) return a.broken - b.broken;
  const [one, other] = [rank(a.worstPressure), rank(b.worstPressure)];
  return one === other ? 0 : one - other;
}
