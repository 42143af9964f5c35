/**
 * What stands beside an answer: what it costs, what a GPU more or fewer would do, what becomes of it when things turn out otherwise.
 * None of it changes the answer, so it comes last; what the budget does not allow any more is left out, and said to be.
 */
import type { PlanResult } from "../../results/plan.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { costsOf } from "./costs.ts";
import { priceOf } from "./design.ts";
import { frontierOf } from "./frontier.ts";
import { lookHorizon } from "./horizon.ts";
import { type Candidate, type Horizon, type Judge, variantFor } from "./judge.ts";
import { runwayOf } from "./runway.ts";
import { sensitivityOf } from "./sensitivity.ts";
import type { Limits } from "./unanswered.ts";

/** Platforms looked at for each part, traffic that has grown included: as counted in plans of the shipped scenarios. */
const FRONTIER_LOOKS = 6;
const SENSITIVITY_LOOKS = 18;
const NEEDED_LOOKS = 48;

export interface BesideOptions {
  readonly judge: Judge;
  readonly pool: WorkerPool;
  /** The search's. */
  readonly horizon: Horizon;
  readonly seed: number;
  readonly limits: Limits;
  readonly onDone: () => void;
}

type Beside = Pick<PlanResult, "costs" | "frontier" | "sensitivity" | "runway" | "leftOut">;

/** Fails: UnusableInput. */
export async function besideOf(candidate: Candidate, how: BesideOptions): Promise<Beside> {
  const { judge, horizon, limits, onDone } = how;
  judge.limitRequests = limits.budgetRequests;
  const leftOut: string[] = [];
  const costs = await costsBeside(candidate, how);
  if (costs === null) leftOut.push("what each tenant costs");
  const isFrontier = judge.canAfford(horizon, FRONTIER_LOOKS);
  if (!isFrontier) leftOut.push("cost against promises");
  const frontier = isFrontier ? await frontierOf(judge, candidate, horizon) : [];
  onDone();
  const look = lookHorizon(horizon);
  if (!judge.canAfford(look, SENSITIVITY_LOOKS)) {
    leftOut.push("what becomes of it when things turn out otherwise", "how far traffic may grow");
    return { costs, frontier, sensitivity: [], runway: null, leftOut };
  }
  const mayGoOn = judge.canAfford(look, SENSITIVITY_LOOKS + NEEDED_LOOKS);
  if (!mayGoOn) leftOut.push("what would be needed when things turn out otherwise");
  const { mostGpus, monthlyGrowth } = limits;
  const options = { judge, horizon: look, mostGpus, mayGoOn };
  const { rows, growths } = await sensitivityOf(candidate, options);
  const runway = await runwayOf(candidate, growths, { ...options, monthlyGrowth });
  return { costs, frontier, sensitivity: rows, runway, leftOut };
}

async function costsBeside(
  candidate: Candidate,
  { judge, pool, seed }: BesideOptions,
): Promise<PlanResult["costs"]> {
  if (!judge.canAfford({ share: 1, seeds: [seed] })) return null;
  const results = await pool.results(variantFor(candidate), seed);
  judge.count(results.run.requests);
  const { nanoUsdPerHour } = priceOf(candidate.design, candidate.sizes);
  return costsOf(results, nanoUsdPerHour / 1e9);
}
