/**
 * How high one more run may come out, judged by those that have been made. The logarithms of a promise's pressure are taken to
 * be normal over replications; the limit is Student's prediction limit for one future value, at an error divided among all
 * promises (Bonferroni), so that all of them hold together at the confidence asked for, whatever hangs together with what.
 */
import { studentQuantile } from "../../base/beta.ts";

export interface Prediction {
  /** Geometric mean. */
  readonly pressure: number;
  /** Standard deviation of the logarithm. */
  readonly spread: number;
  /** One more run stays at or below this with the confidence 1 - error. */
  readonly atMost: number;
}

/** Undefined for fewer than two runs, and where a run has no pressure (too much was lost). */
export function predictionOf(
  pressures: readonly (number | null)[],
  error: number,
): Prediction | undefined {
  const logs = logsOf(pressures);
  if (logs === undefined || logs.length < 2) return undefined;
  const count = logs.length;
  const mean = logs.reduce((sum, value) => sum + value, 0) / count;
  const squares = logs.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const spread = Math.sqrt(squares / (count - 1));
  const reach = studentQuantile(1 - error, count - 1) * spread * Math.sqrt(1 + 1 / count);
  return { pressure: Math.exp(mean), spread, atMost: Math.exp(mean + reach) };
}

/** Undefined where a run has no pressure: so much was lost that nothing bounds it. */
export function logsOf(pressures: readonly (number | null)[]): number[] | undefined {
  const known = pressures.filter((value) => value !== null);
  if (known.length < pressures.length) return undefined;
  return known.map((value) => Math.log(Math.max(value, LEAST_PRESSURE)));
}

/** Nothing is nearer to its limit than a millionth of it; a logarithm needs some floor. */
const LEAST_PRESSURE = 1e-6;
