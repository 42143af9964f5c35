/**
 * Samplers of request lengths. A length is drawn as a real number, clamped where its distribution says so, rounded to
 * the nearest token and never below one; a tail that is cut is moved to the bound, not drawn again, so that every
 * request takes the same number of draws.
 */
import { assert, unreachable } from "../base/assert.ts";
import { drawExponential, drawNormal } from "../base/random.ts";
import type { RandomStream } from "../base/random.ts";
import type { LengthConfig } from "./scenario.ts";

/** Draws a length in tokens: an integer >= 1. */
type LengthSampler = () => number;

type Quantiles = Extract<LengthConfig, { readonly kind: "empirical" }>["quantiles"];

/**
 * A sampler of the given distribution that draws from `random`.
 *
 * Units: tokens. Fails: AssertionError on bounds in the wrong order or a quantile table that does not run from 0 to 1.
 */
export function createLengthSampler(config: LengthConfig, random: RandomStream): LengthSampler {
  switch (config.kind) {
    case "constant": {
      const tokens = toTokens(config.tokens);
      return () => tokens;
    }
    case "uniform": {
      const { min, max } = config;
      assert(min <= max, "a uniform length has min <= max");
      return () => toTokens(min + Math.floor(random() * (max - min + 1)));
    }
    case "exponential": {
      const { mean, max } = config;
      return () => toTokens(Math.min(max, mean * drawExponential(random)));
    }
    case "lognormal": {
      const { median, sigma, min, max } = config;
      assert(min <= max, "a lognormal length has min <= max");
      return () => toTokens(clamp(median * Math.exp(sigma * drawNormal(random)), min, max));
    }
    case "empirical":
      return empiricalSampler(config.quantiles, random);
    default:
      return unreachable(config);
  }
}

function empiricalSampler(quantiles: Quantiles, random: RandomStream): LengthSampler {
  const probabilities = Float64Array.from(quantiles, (quantile) => quantile[0]);
  const tokens = Float64Array.from(quantiles, (quantile) => quantile[1]);
  const last = quantiles.length - 1;
  assert(last >= 1, "a quantile table has two entries or more");
  assert(probabilities[0] === 0 && probabilities[last] === 1, "quantiles run from 0 to 1");
  return () => {
    const at = random();
    const above = firstAbove(probabilities, at);
    const low = probabilities[above - 1]!;
    const share = (at - low) / (probabilities[above]! - low);
    return toTokens(tokens[above - 1]! + share * (tokens[above]! - tokens[above - 1]!));
  };
}

/** Index of the first entry greater than `value`, by bisection; entries rise from 0 and the last is 1 > value. */
function firstAbove(rising: Float64Array, value: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rising[middle]! > value) high = middle;
    else low = middle;
  }
  return high;
}

function toTokens(length: number): number {
  return Math.max(1, Math.round(length));
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
