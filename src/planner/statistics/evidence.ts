/**
 * What runs say about how often a platform misses: evidence that it does so in less than a tolerated share of them, and evidence
 * that it does so in more. Both are likelihood ratios against a platform that misses in exactly that share, averaged over a few
 * better (or worse) ones. Of a platform on the other side of the share such an average is a supermartingale, so that it reaches
 * 1 / error with a chance of at most the error however often one looks (Ville's inequality; Ramdas and others, "Game-theoretic
 * statistics and safe anytime-valid inference", 2023). Evidence may therefore be looked at after every run.
 */
import { assert } from "../../base/assert.ts";
import { studentQuantile } from "../../base/beta.ts";

/** Odds of missing of those that it is compared with, as multiples of the tolerated odds. Assumed: they decide how soon, not how surely. */
const BETTER_ODDS = [0, 0.25, 0.5];
const WORSE_ODDS = [2, 4, 16, 64];

export interface Runs {
  readonly runs: number;
  readonly missed: number;
}

/** Evidence that less than the tolerated share misses. */
export function keptEvidence(runs: Runs, tolerated: number): number {
  return evidence(runs, tolerated, BETTER_ODDS);
}

/** Evidence that more than the tolerated share misses. */
export function missEvidence(runs: Runs, tolerated: number): number {
  return evidence(runs, tolerated, WORSE_ODDS);
}

function evidence({ runs, missed }: Runs, tolerated: number, multiples: readonly number[]): number {
  assert(tolerated > 0 && tolerated < 1, "a share that is tolerated is a part");
  assert(missed >= 0 && missed <= runs, "what missed is among the runs");
  const kept = runs - missed;
  const ratios = multiples.map((multiple) => {
    const share = (multiple * tolerated) / (1 - tolerated + multiple * tolerated);
    // No run missed, or none kept: the factor does not occur.
    const ofMissed = missed === 0 ? 0 : missed * Math.log(share / tolerated);
    const ofKept = kept === 0 ? 0 : kept * Math.log((1 - share) / (1 - tolerated));
    return Math.exp(ofMissed + ofKept);
  });
  return mean(ratios);
}

/** Clean runs more with which there would be this much evidence for keeping. */
export function cleanRunsTo(wanted: number, { runs, missed }: Runs, tolerated: number): number {
  const isEnough = (more: number): boolean =>
    keptEvidence({ runs: runs + more, missed }, tolerated) >= wanted;
  let high = 1;
  while (!isEnough(high)) high *= 2;
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return isEnough(0) ? 0 : high;
}

/** How many standard deviations further from the limit those lie that a margin is compared with. Assumed, as above. */
const FURTHER = [1, 2, 3.5];
/** Degrees at which Student's distribution is the normal one to six digits. */
const NORMAL_DEGREES = 1e7;
/** The integral's reach on either side of its highest point, in standard deviations there, and its points. */
const REACH = 9;
const POINTS = 400;

/**
 * Evidence that less than the tolerated share of runs misses, from by how much they keep: logarithms of their worst pressures, all
 * below 0, taken to be normal. How many of its standard deviations a normal variate's mean lies from 0 decides the share above 0;
 * the likelihood ratio of two such distances with the deviation itself integrated out (the invariant sequential t-test: Lai, 1976)
 * is evidence of the same kind.
 */
export function marginEvidence(logs: readonly number[], tolerated: number): number {
  const sums = {
    count: logs.length,
    sum: logs.reduce((sum, log) => sum + log, 0),
    squares: logs.reduce((sum, log) => sum + log * log, 0),
  };
  // A limit below its own mean says nothing; neither do runs that do not differ at all.
  if (logs.length < 2 || sums.squares * logs.length - sums.sum * sums.sum < LEAST_VARIANCE)
    return 0;
  const distance = studentQuantile(1 - tolerated, NORMAL_DEGREES);
  const own = logLikelihood(-distance, sums);
  return mean(FURTHER.map((more) => Math.exp(logLikelihood(-distance - more, sums) - own)));
}

/** Below it, rounding is all that is left of a variance. */
const LEAST_VARIANCE = 1e-18;

interface Sums {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

/** Of a mean so many deviations from 0: the integral over s, one over the deviation, of s^(n-1) exp(-sum (s x - distance)^2 / 2). */
function logLikelihood(distance: number, { count, sum, squares }: Sums): number {
  const slope = distance * sum;
  const exponent = (s: number): number =>
    (count - 1) * Math.log(s) - (s * s * squares - 2 * s * slope + count * distance * distance) / 2;
  const top = (slope + Math.sqrt(slope * slope + 4 * squares * (count - 1))) / (2 * squares);
  const width = 1 / Math.sqrt((count - 1) / (top * top) + squares);
  const highest = exponent(top);
  let total = 0;
  for (let point = -POINTS; point <= POINTS; point++) {
    const s = top + (point / POINTS) * REACH * width;
    if (s > 0) total += Math.exp(exponent(s) - highest);
  }
  return highest + Math.log((total * width * REACH) / POINTS);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
