/**
 * The difference between two sides over paired replications: runs with the same seed see the same arrivals, so their
 * differences vary less than the runs do. The interval is Student's, at 95 %; with one run each there is none.
 */
import { assert } from "../../base/assert.ts";
import { betaCdf, studentQuantile } from "../../base/beta.ts";

/** The confidence of every interval. */
export const CONFIDENCE = 0.95;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 95 % interval of the mean of `differences`; undefined for fewer than two. */
export function meanInterval(differences: readonly number[]): Interval | undefined {
  const count = differences.length;
  if (count < 2) return undefined;
  const mean = meanOf(differences);
  const squares = differences.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
  const halfWidth = tQuantile(count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { low: mean - halfWidth, high: mean + halfWidth };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Null when any run does not know: a mean over the others would be of something else. */
export function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? meanOf(known) : null;
}

/** Student's t at 0.975, two-sided 95 %. Bounds: at least 1 degree of freedom. */
export function tQuantile(degrees: number): number {
  assert(degrees >= 1, "an interval needs at least two differences");
  const known = quantiles.get(degrees) ?? studentQuantile((1 + CONFIDENCE) / 2, degrees);
  quantiles.set(degrees, known);
  return known;
}

/** A page has thousands of intervals, and few numbers of replications. */
const quantiles = new Map<number, number>();

/**
 * How probable differences at least as far from zero would be if there were none (two-sided paired t test); undefined for fewer
 * than two. Differences that are all the same leave the t test no scale: all zero is no difference, and otherwise their signs
 * are all there is to go by, which agree with probability 2 / 2^n.
 */
export function pairedP(differences: readonly number[]): number | undefined {
  const count = differences.length;
  if (count < 2) return undefined;
  const mean = meanOf(differences);
  const squares = differences.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
  if (differences.every((one) => one === differences[0])) {
    return mean === 0 ? 1 : 2 * 0.5 ** count;
  }
  const tSquared = (mean * mean * count * (count - 1)) / squares;
  const degrees = count - 1;
  return betaCdf(degrees / (degrees + tSquared), degrees / 2, 0.5);
}

/**
 * Holm's adjustment (1979): called significant where it is below 5 %, any of them is so by mere chance with at most 5 %, whatever
 * hangs together with what. In the order given.
 */
export function holm(ps: readonly number[]): readonly number[] {
  const order = [...ps.keys()].toSorted((a, b) => ps[a]! - ps[b]!);
  const adjusted = ps.map(() => 1);
  let most = 0;
  for (const [rank, index] of order.entries()) {
    most = Math.max(most, Math.min(1, (ps.length - rank) * ps[index]!));
    adjusted[index] = most;
  }
  return adjusted;
}
