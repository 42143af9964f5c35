/**
 * The incomplete beta function and what follows from it: quantiles of Student's t, and exact limits on a share (Clopper and
 * Pearson). Intervals of any confidence come from here. Accurate to about ten digits; deterministic, for it is made of a
 * continued fraction and bisection.
 */
import { gammaln } from "simple-statistics";
import { assert } from "./assert.ts";

/** Terms of the continued fraction: far more than any argument here takes (a few dozen). */
const MOST_TERMS = 10_000;
const PRECISION = 1e-14;
/** Halvings of a bracket: below the spacing of doubles. */
const HALVINGS = 200;
const TINY = 1e-300;

/** The regularized incomplete beta function I_x(a, b): the chance that a beta variate is at most x. Bounds: a, b > 0. */
export function betaCdf(x: number, a: number, b: number): number {
  assert(a > 0 && b > 0, "a beta distribution has positive parameters");
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on one side of the mean; the other follows by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
  const scale = gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(scale) * fraction(x, a, b)) / a;
}

/** Lentz's evaluation of the continued fraction (Abramowitz and Stegun 26.5.8). */
function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let term = 1; term <= MOST_TERMS; term++) {
    const even = (term * (b - term) * x) / ((a + 2 * term - 1) * (a + 2 * term));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + term) * (a + b + term) * x) / ((a + 2 * term) * (a + 2 * term + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < PRECISION) return value;
  }
  return value;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** The value that a beta variate stays at or below with this probability. */
export function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < HALVINGS && high - low > 0; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (betaCdf(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Clopper and Pearson's lower limit on the share of successes: with this confidence the true share is at least that, whatever
 * it is.
 */
export function shareAtLeast(successes: number, trials: number, confidence: number): number {
  assert(successes <= trials && trials > 0, "successes are among the trials");
  if (successes === 0) return 0;
  return betaQuantile(1 - confidence, successes, trials - successes + 1);
}

/** The quantile of Student's t at `probability`. Bounds: degrees >= 1, probability within (0, 1). */
export function studentQuantile(probability: number, degrees: number): number {
  assert(degrees >= 1 && probability > 0 && probability < 1, "no such quantile");
  if (probability < 0.5) return -studentQuantile(1 - probability, degrees);
  // Two tails: degrees / (degrees + t^2) is a beta variate of (degrees / 2, 1 / 2).
  const x = betaQuantile(2 * (1 - probability), degrees / 2, 0.5);
  return Math.sqrt((degrees * (1 - x)) / x);
}
