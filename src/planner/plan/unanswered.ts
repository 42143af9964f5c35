/** A plan's result before there is an answer: the question as it was understood; and where there is none, the reason. */
import { createHash } from "node:crypto";
import {
  PLAN_SCHEMA_VERSION,
  type PlanBound,
  type PlanImpossible,
  type PlanResult,
} from "../../results/plan.ts";
import { counted, msText, promiseLimit } from "../../results/plan-words.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { promisesOf } from "../promise-meter.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { type Design, priceOf, type RuledOut } from "./design.ts";
import { pressureOf, type Tried } from "./judge.ts";
import { variedWords } from "./platform-words.ts";
import type { SearchOutcome } from "./search-outcome.ts";

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

/** The search found nothing. */
export function notFound(
  { unknownTiers, isSpent }: SearchOutcome,
  tried: readonly Tried[],
  { mostGpus, budgetRequests }: Limits,
): PlanImpossible {
  if (unknownTiers.length > 0) {
    return {
      reason: `too few requests of ${unknownTiers.join(", ")} come after the warm-up to judge a promise (100 are the least)`,
      nearest: ["a longer simulation.duration"],
    };
  }
  const nearest = nearestTried(tried);
  if (isSpent) {
    const reason = `nothing that keeps every promise was found within the budget of ${budgetRequests} simulated requests`;
    return { reason, nearest: [...nearest, "a larger plan.budget, or --budget"] };
  }
  return {
    reason: `nothing with up to ${counted(mostGpus, "GPU")} keeps every promise`,
    nearest,
  };
}

/** Of what was tried, what came nearest, and by how much it missed. */
function nearestTried(tried: readonly Tried[]): string[] {
  const order = tried
    .filter(({ worst }) => worst !== null)
    .toSorted((a, b) => pressureOf(a.worst!) - pressureOf(b.worst!));
  const [best] = order;
  if (best === undefined) return [];
  const { candidate, worst } = best;
  const { promise, pressure } = worst!;
  const all = candidate.design.scenario.platform.tiers.flatMap(promisesOf);
  const { gpus } = priceOf(candidate.design, candidate.sizes);
  const words =
    candidate.design.words.length === 0 ? "" : ` (${candidate.design.words.join(", ")})`;
  const came =
    pressure === null
      ? "requests are lost"
      : promise.limitMs === null
        ? `it comes to ${Number(pressure.toPrecision(3))} times the limit`
        : `it comes to ${msText(pressure * promise.limitMs)}`;
  return [`with ${counted(gpus, "GPU")}${words}, ${promiseLimit(promise, all)}: ${came}`];
}
