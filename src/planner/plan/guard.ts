/**
 * How far from its limits a platform must stay on the few seeds of a search, so that other seeds are likely to say the same. Runs
 * of one platform differ; by how much is measured at the first platform that keeps its
 * promises, and again wherever the search arrives. A platform whose mean
 * pressure lies within some of these spreads of a limit is not looked at as kept: the next seeds would refuse it.
 */
import { logsOf, predictionOf } from "../statistics/prediction.ts";
import type { RunReadings } from "../job.ts";
import { pressuresOf } from "./pressures.ts";

export interface Guard {
  /** Per promise, the standard deviation of the logarithm of its pressure. */
  readonly spreads: readonly number[];
  /** Runs that the spreads come from. */
  readonly runs: number;
  /** Standard deviations to stay away. */
  readonly keptAway: number;
}

/**
 * Two and a half standard deviations: with them one run in 160 breaks the binding promise, and 19 clean runs in a row, which
 * confirm a plan, come nine times in ten. Each refusal adds to it.
 */
export const FIRST_KEPT_AWAY = 2.5;
export const MORE_KEPT_AWAY = 0.5;

export function guardOf(runs: readonly RunReadings[], keptAway: number): Guard {
  const spreads = pressuresOf(runs).map(
    // The error plays no part in the spread.
    ({ pressures }) => predictionOf(pressures, 0.5)?.spread ?? 0,
  );
  return { spreads, runs: runs.length, keptAway };
}

/** The wider spread of each promise: which one binds differs from platform to platform. */
export function wider(guard: Guard, other: Guard): Guard {
  const spreads = guard.spreads.map((spread, at) => Math.max(spread, other.spreads[at] ?? 0));
  return { ...guard, spreads };
}

/** Promises, by their place, that these runs keep by less than the guard asks for. */
export function tightPromises(runs: readonly RunReadings[], guard: Guard): number[] {
  return pressuresOf(runs).flatMap(({ pressures }, at) => {
    const logs = logsOf(pressures);
    if (logs === undefined) return [at];
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const reach = guard.keptAway * guard.spreads[at]! * Math.sqrt(1 + 1 / logs.length);
    return mean + reach > 0 ? [at] : [];
  });
}
