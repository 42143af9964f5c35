/**
 * How much of the run a search simulates, and under which seeds. A long run's promises are mostly decided in its busiest part, so
 * that a search looks at that alone, and judges it by what the whole run allows; what was chosen is then confirmed on whole runs.
 * A short run is simulated whole, under more seeds.
 */
import { betaCdf } from "../../base/beta.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { SURVEY_SLICES, type TrafficSurvey } from "../../sim/survey.ts";
import { canBeCut, type RunWindow } from "../run-window.ts";
import { seedsFrom } from "../seeds.ts";
import { isSteady } from "../statistics/warmup.ts";
import type { Horizon } from "./judge.ts";

/** Requests of one simulation that are worth cutting for: a third of a second of this simulator. */
const WORTH_CUTTING = 100_000;
/** Requests left by a cut: a P99 of a tenth of them still has 45 requests beyond it. */
const LEAST_REQUESTS = 45_000;
/** Least part of a run that has a busiest time: what comes before it must be long enough to fill the platform. */
const LEAST_SHARE = 0.2;
/** Requests per platform tried that more seeds are worth, and how many seeds at least and at most. */
const REQUESTS_PER_TRIAL = 120_000;
const LEAST_SEEDS = 2;
const MOST_SEEDS = 8;
/** A platform that misses just as often as it may comes to more misses than are overlooked no more often than this; assumed. */
const HOPELESS = 0.02;
/** Part of the window that lies before the middle of the busiest time. */
const BEFORE_PEAK = 0.6;

export function horizonOf(scenario: Scenario, survey: TrafficSurvey, warmupNs: number): Horizon {
  const requests = survey.clients.reduce((sum, client) => sum + client.requests, 0);
  const isCut = canBeCut(scenario) && requests > WORTH_CUTTING;
  const window = isCut ? windowOf(scenario, survey, { requests, warmupNs }) : undefined;
  const share = window === undefined ? 1 : (window.toNs - window.fromNs) / survey.endNs;
  const each = Math.max(1, requests * share);
  const count = Math.round(REQUESTS_PER_TRIAL / each);
  const seeds = seedsFrom(
    scenario.simulation.seed,
    Math.min(MOST_SEEDS, Math.max(LEAST_SEEDS, count)),
  );
  const mostMissed = mostMissedOf(seeds.length, 1 - scenario.plan.confidence);
  return { window, warmupNs, seeds, mostMissed, share };
}

/**
 * Misses on a search's seeds that do not rule a platform out: up to half of them, and no more than a platform may come to by
 * chance that misses in the tolerated share of runs. Which of these are good enough is for fresh seeds to say.
 */
function mostMissedOf(seeds: number, tolerated: number): number {
  let most = 0;
  while (2 * (most + 1) <= seeds && chanceOf(most + 1, seeds, tolerated) > HOPELESS) most += 1;
  return most;
}

/** Whether more misses than are overlooked are evidence in themselves; half of a few seeds is not, where many may miss. */
export function isRefusalEvident({ seeds, mostMissed }: Horizon, tolerated: number): boolean {
  return chanceOf(mostMissed + 1, seeds.length, tolerated) <= HOPELESS;
}

/** The chance of so many misses or more. */
function chanceOf(missed: number, runs: number, share: number): number {
  return betaCdf(share, missed, runs - missed + 1);
}

/** Shorter looks for halving: a quarter, then half of the horizon's seeds or of its window. */
export function rungsOf(horizon: Horizon): readonly Horizon[] {
  return [4, 2].map((part) =>
    shortened(horizon, Math.max(1, Math.round(horizon.seeds.length / part))),
  );
}

/** For what is shown beside an answer: half the seeds, and at least one. */
export function lookHorizon(horizon: Horizon): Horizon {
  return shortened(horizon, Math.ceil(horizon.seeds.length / 2));
}

/** Fewer seeds, of which the same part may miss. */
function shortened(horizon: Horizon, seeds: number): Horizon {
  const mostMissed = Math.floor((horizon.mostMissed * seeds) / horizon.seeds.length);
  return { ...horizon, seeds: horizon.seeds.slice(0, seeds), mostMissed };
}

function windowOf(
  scenario: Scenario,
  survey: TrafficSurvey,
  { requests, warmupNs }: { readonly requests: number; readonly warmupNs: number },
): RunWindow | undefined {
  const share = Math.max(LEAST_SHARE, LEAST_REQUESTS / requests);
  const wantedNs = Math.round(share * survey.endNs) + warmupNs;
  if (wantedNs >= survey.endNs) return undefined;
  if (isSteady(scenario)) return { fromNs: 0, toNs: wantedNs };
  const peakNs = peakShare(survey) * survey.endNs;
  const latestNs = survey.endNs - wantedNs;
  const fromNs = Math.round(
    Math.min(latestNs, Math.max(0, peakNs - BEFORE_PEAK * (wantedNs - warmupNs) - warmupNs)),
  );
  return { fromNs, toNs: fromNs + wantedNs };
}

/** The middle of the busiest 24th of the run, by tokens asked for. */
function peakShare({ clients }: TrafficSurvey): number {
  const tokens = Array.from({ length: SURVEY_SLICES }, (_, slice) =>
    clients.reduce((sum, { slices }) => {
      const { promptTokens, outputTokens } = slices[slice]!;
      return sum + promptTokens + outputTokens;
    }, 0),
  );
  const length = SURVEY_SLICES / 24;
  let best = 0;
  let most = -1;
  for (let from = 0; from + length <= SURVEY_SLICES; from++) {
    let sum = 0;
    for (let slice = from; slice < from + length; slice++) sum += tokens[slice]!;
    if (sum <= most) continue;
    most = sum;
    best = from;
  }
  return (best + length / 2) / SURVEY_SLICES;
}
