/** Fresh runs of a platform, and what they say by exact binomial limits: nothing here is the planner's own. */
import { betaCdf } from "../../../../src/base/beta.ts";
import type { Variant } from "../../../../src/planner/variant.ts";
import { isClean, type Runs } from "./drawn.ts";

/** Seeds that neither a plan's search nor its fresh runs use. */
const FRESH_FROM = 10_000_000;

/** How many of so many fresh runs break a promise; the rest is left once there are more than `most`. */
export function missesOf(
  runs: Runs,
  variant: Variant,
  { replays, most = replays }: { readonly replays: number; readonly most?: number },
): number {
  let missed = 0;
  for (let at = 0; at < replays && missed <= most; at++) {
    if (!isClean(runs.of(variant, FRESH_FROM + at))) missed += 1;
  }
  return missed;
}

/** The chance of so many misses or more, where this share of runs misses. */
function chanceOf(missed: number, replays: number, share: number): number {
  return missed === 0 ? 1 : betaCdf(share, missed, replays - missed + 1);
}

/** Misses that are too few to come, but once in a hundred times, of a platform that misses in this share of runs: -1 for none. */
export function clearlyFew(replays: number, share: number): number {
  let missed = -1;
  while (1 - chanceOf(missed + 2, replays, share) <= 0.01) missed += 1;
  return missed;
}

/** Misses that are too many to come, but once in a thousand times, of a platform that misses in this share of runs. */
export function clearlyMany(replays: number, share: number): number {
  let missed = 0;
  while (chanceOf(missed, replays, share) > 0.001) missed += 1;
  return missed;
}
