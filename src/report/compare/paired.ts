/**
 * The difference between two sides over paired replications: runs with the same seed see the same arrivals, so their
 * differences vary less than the runs do. The interval is Student's, at 95 %; with one run each there is none.
 */
import { assert } from "../../base/assert.ts";

/** The confidence of every interval. */
export const CONFIDENCE = 0.95;

/** 0.975 quantiles of Student's t for 1 to 30 degrees of freedom. Source: any table, for example NIST/SEMATECH 1.3.6.7.2. */
const T_TABLE = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
  2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639,
  2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
] as const;
/** The 0.975 quantile of the normal distribution, to which t tends. */
const Z = 1.959964;

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

/**
 * Student's t at 0.975, two-sided 95 %.
 *
 * Bounds: at least 1 degree of freedom. Above the table, the first terms of the expansion around the normal quantile,
 * within 0.0001 there (Abramowitz and Stegun 26.7.5).
 */
export function tQuantile(degrees: number): number {
  assert(degrees >= 1, "an interval needs at least two differences");
  const tabled = T_TABLE[degrees - 1];
  if (tabled !== undefined) return tabled;
  const cube = Z * Z * Z;
  const first = (cube + Z) / 4;
  const second = (5 * cube * Z * Z + 16 * cube + 3 * Z) / 96;
  return Z + first / degrees + second / (degrees * degrees);
}
