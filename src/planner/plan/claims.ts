/**
 * What fresh runs of a platform are enough for. Where runs are cheap, a plan claims a share: that the platform misses in less than
 * the tolerated share of runs, at an error divided among all the platforms tested. That takes a hundred clean runs at 95 %. Where
 * so many are beyond the budget it claims the next run alone: that one more keeps every promise with the confidence asked for.
 * Either claim is made by counting runs, or sooner, by how far within its limits every run stayed.
 */
import { cleanRunsTo, keptEvidence, marginEvidence, type Runs } from "../statistics/evidence.ts";
import { logsOf, predictionOf } from "../statistics/prediction.ts";
import type { RunReadings } from "../job.ts";
import type { PlanConfirmation } from "../../results/plan.ts";
import { pressuresOf } from "./pressures.ts";

export interface Fresh {
  readonly counts: Runs;
  readonly readings: readonly RunReadings[];
}

export interface Claim {
  readonly kind: PlanConfirmation["claim"];
  /** By what the runs are enough at this confidence; undefined where they are not. */
  readonly enoughBy: (fresh: Fresh, confidence: number) => "margin" | "count" | undefined;
  /** Clean runs more with which they would be, by counting. */
  readonly cleanRunsTo: (counts: Runs, confidence: number) => number;
}

/** `part`: of the error, what this platform may use. */
export function shareClaim(part: number): Claim {
  // Each of two kinds of evidence with half of the error.
  const enough = (confidence: number): number => 2 / (part * (1 - confidence));
  return {
    kind: "share",
    enoughBy({ counts, readings }, confidence) {
      const tolerated = 1 - confidence;
      if (keptEvidence(counts, tolerated) >= enough(confidence)) return "count";
      if (counts.missed > 0) return undefined;
      const logs = worstLogs(readings);
      if (logs === undefined || marginEvidence(logs, tolerated) < enough(confidence)) {
        return undefined;
      }
      return areAllWithin(readings, tolerated) ? "margin" : undefined;
    },
    cleanRunsTo: (counts, confidence) => cleanRunsTo(enough(confidence), counts, 1 - confidence),
  };
}

/** Fewer runs know little of a spread. Assumed. */
const LEAST_FOR_MARGIN = 8;

/**
 * Runs are exchangeable: of n with k misses and one more, that one is among the k + 1 worst with a chance of (k + 1) / (n + 1),
 * and only then can it be a miss.
 */
export const NEXT_RUN: Claim = {
  kind: "next-run",
  enoughBy({ counts: { runs, missed }, readings }, confidence) {
    // Rounding must not ask for a twentieth run at 95 %.
    if (missed + 1 <= (runs + 1) * (1 - confidence) + 1e-9) return "count";
    if (missed > 0 || runs < LEAST_FOR_MARGIN) return undefined;
    return areAllWithin(readings, 1 - confidence) ? "margin" : undefined;
  },
  cleanRunsTo: ({ runs, missed }, confidence) =>
    Math.max(0, Math.ceil((missed + 1) / (1 - confidence) - 1 - 1e-9) - runs),
};

/** Halvings between the least confidence that can be asked for and the one that was: to a thousandth. */
const HALVINGS = 10;
const LEAST_CONFIDENCE = 0.5;

/** The confidence that the runs made so far would have been enough for; 0 where it is less than a half. */
export function supportedConfidence(claim: Claim, fresh: Fresh, asked: number): number {
  const isEnough = (confidence: number): boolean => claim.enoughBy(fresh, confidence) !== undefined;
  if (!isEnough(LEAST_CONFIDENCE)) return 0;
  let low = LEAST_CONFIDENCE;
  let high = asked;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Logarithms of each run's worst pressure; undefined where a run lost so much that it has none. */
function worstLogs(readings: readonly RunReadings[]): readonly number[] | undefined {
  const logs = pressuresOf(readings).map(({ pressures }) => logsOf(pressures));
  if (logs.length === 0 || logs.includes(undefined)) return undefined;
  return readings.map((_, at) =>
    logs.reduce((worst, one) => Math.max(worst, one![at]!), -Infinity),
  );
}

/**
 * Whether one more run keeps every promise by Student's prediction limit, at an error divided among the promises. A promise that
 * is far from its limit in most runs and beyond it in a few has a wide spread, which the worst promise of each run may not show.
 */
function areAllWithin(readings: readonly RunReadings[], error: number): boolean {
  const all = pressuresOf(readings);
  return all.every(({ pressures }) => {
    const prediction = predictionOf(pressures, error / all.length);
    return prediction !== undefined && prediction.atMost <= 1;
  });
}
