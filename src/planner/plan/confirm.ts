/**
 * Whether the cheapest platform of the search is as good on seeds that the search has never seen. Among many platforms tried, the
 * one that looked good enough at the least price has been lucky more often than not; so what was chosen is judged again, by runs
 * that had no part in the choice. It is confirmed when a prediction limit on every promise is within its limit, or when enough
 * runs in a row were clean; it is refused by the first run that breaks a promise. Every attempt draws seeds of its own.
 */
import { shareAtLeast } from "../../base/beta.ts";
import type { PlanConfirmation } from "../../results/plan.ts";
import { cleanRunsFor, confidenceOfCleanRuns, predictionOf } from "../statistics/prediction.ts";
import type { RunReadings } from "../job.ts";
import type { Candidate, Judge, Tried } from "./judge.ts";
import { pressuresOf } from "./pressures.ts";

export interface ConfirmOptions {
  readonly confidence: number;
  readonly warmupNs: number;
  /** The first of the attempt's seeds. */
  readonly firstSeed: number;
  /** Requests that may be simulated for this attempt. */
  readonly budgetRequests: number;
}

export interface Confirmed {
  readonly isConfirmed: boolean;
  readonly confirmation: PlanConfirmation;
  /** Of the last runs, with their worst promise. */
  readonly tried: Tried;
  readonly runs: readonly RunReadings[];
}

/** Runs before the first look at the prediction limit, and between looks: with fewer, a spread is hardly known. Assumed. */
const FIRST_LOOK = 8;
const NEXT_LOOK = 4;

export async function confirm(
  judge: Judge,
  candidate: Candidate,
  options: ConfirmOptions,
): Promise<Confirmed> {
  const { confidence, warmupNs, firstSeed, budgetRequests } = options;
  const enough = cleanRunsFor(confidence);
  const spentBefore = judge.work.requests;
  const runs: RunReadings[] = [];
  for (;;) {
    const next = runs.length === 0 ? Math.min(FIRST_LOOK, enough) : NEXT_LOOK;
    const count = Math.min(next, enough - runs.length);
    const seeds = Array.from({ length: count }, (_, at) => firstSeed + runs.length + at);
    const horizon = { window: undefined, warmupNs, seeds, share: 1 };
    const tried = await judge.judge(candidate, { phase: "confirm", horizon });
    runs.push(...tried.runs);
    const evidence = { runs, firstSeed, confidence };
    if (tried.fit.kind !== "met") {
      return { isConfirmed: false, confirmation: reportOf(evidence, "none"), tried, runs };
    }
    const isPredicted = areAllWithin(runs, confidence);
    if (isPredicted || runs.length >= enough) {
      const rule = isPredicted ? "margin" : "clean-runs";
      return { isConfirmed: true, confirmation: reportOf(evidence, rule), tried, runs };
    }
    if (judge.work.requests - spentBefore >= budgetRequests) {
      return { isConfirmed: false, confirmation: reportOf(evidence, "none"), tried, runs };
    }
  }
}

interface Evidence {
  readonly runs: readonly RunReadings[];
  readonly firstSeed: number;
  readonly confidence: number;
}

function areAllWithin(runs: readonly RunReadings[], confidence: number): boolean {
  const all = pressuresOf(runs);
  const error = (1 - confidence) / all.length;
  return all.every(({ pressures }) => {
    const prediction = predictionOf(pressures, error);
    return prediction !== undefined && prediction.atMost <= 1;
  });
}

function reportOf(
  { runs, firstSeed, confidence }: Evidence,
  rule: PlanConfirmation["rule"],
): PlanConfirmation {
  const missed = runs.filter(isMissed).length;
  const clean = runs.length - missed;
  const all = pressuresOf(runs);
  return {
    rule,
    confidence: rule === "none" ? (missed > 0 ? 0 : confidenceOfCleanRuns(clean)) : confidence,
    seeds: runs.map((_, at) => firstSeed + at),
    runsMissed: missed,
    keptShareAtLeast: runs.length === 0 ? 0 : shareAtLeast(clean, runs.length, confidence),
    promises: all.map(({ promise, pressures }) => {
      const prediction = predictionOf(pressures, (1 - confidence) / all.length);
      return {
        promise,
        pressure: prediction?.pressure ?? null,
        spread: prediction?.spread ?? null,
        predictedAtMost: prediction?.atMost ?? null,
      };
    }),
  };
}

function isMissed({ tiers }: RunReadings): boolean {
  return tiers.some(({ verdict }) => verdict === "missed");
}
