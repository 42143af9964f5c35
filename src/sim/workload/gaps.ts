/**
 * Samplers of gaps with mean 1 and a chosen coefficient of variation (CV = standard deviation / mean). Scaled, they are
 * the gaps between arrivals and the think times of users. Everything is made of log, exp and square roots, which V8
 * computes in software, so the draws are the same on every machine.
 */
import { gammaln } from "simple-statistics";
import { assert } from "../../base/assert.ts";
import { drawExponential, drawNormal } from "../../base/random.ts";
import type { RandomStream } from "../../base/random.ts";

/** Draws a gap >= 0 with mean 1. */
export type UnitGap = () => number;

/** Below this CV a process is taken as regular: the gaps differ by less than what the rounding to 1 ns does. */
const REGULAR_CV = 1e-6;

/**
 * Range searched for the shape of a Weibull distribution: CVs of 370,000 and 0.0013 at its ends (from the formula in
 * weibullShape), both far beyond anything seen in traces (reference: 0.7 to 31 in ServeGen's clients).
 */
const WEIBULL_SHAPES = { min: 0.05, max: 1000 } as const;

/** Halvings of that range, on a log scale: 10 / 2^60 is below the resolution of a double. */
const WEIBULL_HALVINGS = 60;

/**
 * Gaps of a gamma distribution: shape 1/CV², so CV 1 is exponential, above bursty, below regular.
 *
 * Units: gaps in multiples of their mean. Bounds: cv >= 0; 0 gives constant gaps.
 * Fails: AssertionError on a negative CV.
 * Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000; shapes below 1
 * by its boost (section 6).
 */
export function gammaGap(cv: number, random: RandomStream): UnitGap {
  assert(cv >= 0, "a CV is not negative");
  if (cv < REGULAR_CV) return regularGap;
  const shape = 1 / (cv * cv);
  const scale = cv * cv;
  if (shape >= 1) {
    return () => scale * drawGamma(shape, random);
  }
  return () => {
    const boost = Math.exp(Math.log(1 - random()) / shape);
    return scale * boost * drawGamma(shape + 1, random);
  };
}

/**
 * Gaps of a Weibull distribution with the given CV, its shape solved for once.
 *
 * Units: gaps in multiples of their mean. Bounds: cv >= 0; below 0.0013 the gaps are constant, above 370,000 it stays.
 * Fails: AssertionError on a negative CV.
 */
export function weibullGap(cv: number, random: RandomStream): UnitGap {
  assert(cv >= 0, "a CV is not negative");
  if (cv < weibullCv(WEIBULL_SHAPES.max)) return regularGap;
  const inverseShape = 1 / weibullShape(cv);
  const scale = Math.exp(-gammaln(1 + inverseShape));
  return () => scale * Math.exp(Math.log(drawExponential(random)) * inverseShape);
}

/** Gaps of a Poisson process. */
export function exponentialGap(random: RandomStream): UnitGap {
  return () => drawExponential(random);
}

/** Gaps of a process without chance. */
export function regularGap(): number {
  return 1;
}

/** A gamma draw with scale 1; shape >= 1. */
function drawGamma(shape: number, random: RandomStream): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    if (Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** The shape with which a Weibull distribution has this CV; the CV falls as the shape grows, so bisection finds it. */
function weibullShape(cv: number): number {
  let low = Math.log(WEIBULL_SHAPES.min);
  let high = Math.log(WEIBULL_SHAPES.max);
  for (let i = 0; i < WEIBULL_HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (weibullCv(Math.exp(middle)) > cv) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** CV² = Γ(1 + 2/k) / Γ(1 + 1/k)² - 1. */
function weibullCv(shape: number): number {
  const ratio = Math.exp(gammaln(1 + 2 / shape) - 2 * gammaln(1 + 1 / shape));
  return Math.sqrt(Math.max(0, ratio - 1));
}
