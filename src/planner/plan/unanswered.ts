/** A plan's result before there is an answer: the question as it was understood; and where there is none, the reason. */
import { createHash } from "node:crypto";
import {
  PLAN_SCHEMA_VERSION,
  type PlanBound,
  type PlanImpossible,
  type PlanResult,
} from "../../results/plan.ts";
import { counted, percentOf } from "../../results/plan-words.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { promisesOf } from "../promise-meter.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { type Design, priceOf, type RuledOut } from "./design.ts";
import type { Horizon, Judge } from "./judge.ts";
import { variedWords } from "./platform-words.ts";
import type { Settled } from "./search-outcome.ts";

export interface Limits {
  readonly confidence: number;
  readonly monthlyGrowth: number | undefined;
  readonly mostGpus: number;
  readonly budgetRequests: number;
}

interface Asked {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
  readonly limits: Limits;
  readonly designs: readonly Design[];
}

export function unanswered({ source, scenario, limits, designs }: Asked): PlanResult {
  const { confidence, monthlyGrowth, mostGpus, budgetRequests } = limits;
  const { platform, simulation, canonicalJson, name, description } = scenario;
  const hash = createHash("sha256").update(canonicalJson).digest("hex");
  return {
    kind: "plan",
    schemaVersion: PLAN_SCHEMA_VERSION,
    tenantryVersion: source.tenantryVersion,
    scenario: { name, description, hash, seed: simulation.seed, overrides: source.overrides },
    ask: {
      confidence,
      monthlyGrowth: monthlyGrowth ?? null,
      mostGpus,
      budgetRequests,
      varied: variedWords(scenario, designs),
      promises: platform.tiers.flatMap(promisesOf),
    },
    own: ownOf(scenario),
    outcome: "impossible",
    answer: null,
    impossible: null,
    confirmation: null,
    binding: null,
    costs: null,
    runnersUp: [],
    frontier: [],
    sensitivity: [],
    runway: null,
    leftOut: [],
    bounds: [],
    path: [],
    statistics: null,
    work: { simulations: 0, requests: 0 },
  };
}

function ownOf({ platform }: Scenario): PlanResult["own"] {
  let gpus = 0;
  let nanoUsd = 0;
  for (const { replicas, gpusPerReplica, gpuHourNanoUsd } of platform.pools) {
    gpus += replicas * gpusPerReplica;
    nanoUsd += replicas * gpusPerReplica * gpuHourNanoUsd;
  }
  return { gpus, usdPerHour: nanoUsd / 1e9 };
}

/** Designs that could not even be loaded. */
export function ruledOutBounds(ruledOut: readonly RuledOut[]): PlanBound[] {
  return ruledOut.map(({ words, reason }) => ({
    design: words,
    kind: "loading",
    pool: null,
    promise: null,
    leastReplicas: null,
    isImpossible: true,
    words: reason,
  }));
}

/** No choice of the plan section can be loaded. */
export function noDesign(ruledOut: readonly RuledOut[]): PlanImpossible {
  const [first] = ruledOut;
  return { reason: first?.reason ?? "the plan section leaves nothing to choose from", nearest: [] };
}

/** The search found nothing, or nothing that fresh seeds did not refuse. */
export function notFound(
  { outcome: { unknownTiers, isSpent }, refused }: Settled,
  judge: Judge,
  { mostGpus, budgetRequests, confidence, horizon }: Limits & { readonly horizon: Horizon },
): PlanImpossible {
  if (unknownTiers.length > 0) {
    return {
      reason: `too few requests of ${unknownTiers.join(", ")} come after the warm-up to judge a promise (100 are the least)`,
      nearest: ["a longer simulation.duration"],
    };
  }
  const last = refused.at(-1);
  if (isSpent || last?.isSpent === true) {
    const each = Math.ceil(judge.runRequests * horizon.share * horizon.seeds.length);
    const reason =
      judge.tried.length === 0
        ? `nothing was simulated: one platform on the search's seeds takes ${each} requests, and half of the budget of ${budgetRequests} is for the search`
        : `nothing that keeps every promise was found within the budget of ${budgetRequests} simulated requests`;
    return { reason, nearest: ["a larger plan.budget, or --budget"] };
  }
  const share = `in ${percentOf(confidence)} % of runs`;
  const why =
    last === undefined
      ? ""
      : `; with ${counted(priceOf(last.tried.candidate.design, last.tried.candidate.sizes).gpus, "GPU")} it ${last.why}`;
  return {
    reason: `nothing that was tried with up to ${counted(mostGpus, "GPU")} keeps every promise ${share}${why}`,
    nearest: [],
  };
}
