/**
 * Where a run's beginning ends: MSER-5 (White, 1997). Latencies in order of arrival are averaged in fives, and cut is what
 * makes the standard error of the mean of the rest least. A run starts empty and fills up, so that without a cut its latencies
 * flatter. The rule needs a steady state to find: where arrivals follow a curve, the scenario's own warm-up stands.
 */
import type { Scenario } from "../../scenario/scenario.ts";

/** Values per mean; the 5 of MSER-5. */
const BATCH = 5;
/** Cuts beyond half of the run say that there is no steady state in it (White's own limit). */
const MOST_SHARE = 0.5;
/** Fewer batches than this have no standard error worth comparing; assumed. */
const LEAST_BATCHES = 20;

/** How many of the first values to cut; undefined where no cut within the first half is best. */
export function mser5(values: ArrayLike<number>): number | undefined {
  const batches = Math.floor(values.length / BATCH);
  if (batches < LEAST_BATCHES) return 0;
  const means = Array.from({ length: batches }, (_, batch) => {
    let sum = 0;
    for (let at = 0; at < BATCH; at++) sum += values[batch * BATCH + at]!;
    return sum / BATCH;
  });
  const cut = leastError(means);
  return cut > MOST_SHARE * batches ? undefined : cut * BATCH;
}

/** Batches to cut: where the squared deviation of the rest, over the square of their number, is least. */
function leastError(means: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  let best = means.length;
  let least = Infinity;
  // From the end, so that each further batch adds to running sums. The last few alone would always seem steady.
  for (let cut = means.length - 1; cut >= 0; cut--) {
    sum += means[cut]!;
    squares += means[cut]! * means[cut]!;
    const kept = means.length - cut;
    if (kept < LEAST_BATCHES / 2) continue;
    const error = Math.max(0, squares - (sum * sum) / kept) / (kept * kept);
    // The earlier cut of equals: nothing is thrown away without a gain.
    if (error <= least) {
      least = error;
      best = cut;
    }
  }
  return best;
}

/** Whether arrivals have a steady state: no curve over time, no trace, and no fault that comes or goes. */
export function isSteady({ clients, faults }: Scenario): boolean {
  return (
    faults.length === 0 &&
    clients.every(
      ({ arrivals }) =>
        arrivals.kind !== "trace" &&
        (arrivals.kind === "closed-loop" || arrivals.shapes.length === 0),
    )
  );
}
