/**
 * Scheduling policies side by side: from runs of each on the same traffic, and the smallest platform found for each, to the
 * figures that tell them apart. Written as compare-policies.json as it stands. Figures are means over the replications, but for
 * promises and fairness, which are as good as the worst replication.
 */
import { assert } from "../../base/assert.ts";
import type { FairnessBlock, Results, TierResult } from "../../results/results.ts";
import type { Smallest } from "../../results/smallest.ts";
import { meanOrNull } from "../compare/paired.ts";
import { type Verdict, worstVerdict } from "../verdict.ts";

/** A policy, or the static partition. */
export interface PolicySide {
  readonly name: string;
  /** One per seed; none where it cannot run on the scenario's platform. */
  readonly runs: readonly Results[];
  /** Undefined: nobody searched. */
  readonly smallest: Smallest | undefined;
  /** Names of the pools searched. */
  readonly pools: readonly string[];
}

/** What is compared, apart from the policies. */
export interface PolicySetting {
  readonly seeds: readonly number[];
  /** GPUs of the shared pools that were searched, and of all others, which were kept. */
  readonly sharedGpus: number;
  readonly otherGpus: number;
  /** No search went above this; null without one. Shared GPUs. */
  readonly mostGpus: number | null;
  /** Clients that send otherwise when they are served otherwise. */
  readonly dependentClients: readonly string[];
  readonly hasFaults: boolean;
}

export interface PolicyComparison {
  readonly schemaVersion: 1;
  readonly tenantryVersion: string;
  readonly scenario: Omit<Results["scenario"], "seed">;
  readonly simulatedSeconds: number;
  readonly setting: PolicySetting;
  readonly tiers: readonly PolicyTier[];
  readonly policies: readonly PolicyRow[];
}

interface PolicyTier {
  readonly name: string;
  readonly objective: number;
  /** Of its P99 TTFT; null where it has no such target. */
  readonly ttftLimitMs: number | null;
}

export interface PolicyRow {
  readonly name: string;
  readonly isRun: boolean;
  readonly tiers: readonly TierFigures[];
  /** Of the replication in which the gap was largest beside its bound; weighted tokens. */
  readonly serviceGap: number | null;
  readonly serviceGapBound: number | null;
  readonly jainIndex: number | null;
  readonly preemptions: number | null;
  readonly recomputedTokens: number | null;
  readonly recomputedGpuSeconds: number | null;
  readonly usdPerMillionTokens: number | null;
  readonly busy: number | null;
  readonly mfu: number | null;
  /** Null: nobody searched. */
  readonly smallest: Smallest | null;
  /** Names of the pools that `smallest.replicas` counts. */
  readonly pools: readonly string[];
  /** With the pools that were kept; null where no smallest platform was found. */
  readonly totalGpus: number | null;
}

export interface TierFigures {
  readonly name: string;
  readonly verdict: Verdict;
  readonly complianceOwed: number | null;
  readonly ttftMsP99: number | null;
  readonly goodputPerS: number | null;
}

/** The name of the row that shares nothing. */
export const PARTITION = "static-partition";

/** At least one side must have run. */
export function comparePolicies(
  sides: readonly PolicySide[],
  setting: PolicySetting,
): PolicyComparison {
  const first = sides.flatMap(({ runs }) => runs)[0];
  assert(first !== undefined, "a policy has run");
  const { name, description, hash } = first.scenario;
  return {
    schemaVersion: 1,
    tenantryVersion: first.tenantryVersion,
    scenario: { name, description, hash },
    simulatedSeconds: first.run.simulatedSeconds,
    setting,
    tiers: first.tiers.map(policyTier),
    policies: sides.map((side) => policyRow(side, first, setting)),
  };
}

function policyTier({ name, sla }: TierResult): PolicyTier {
  const target = sla.targets.find(
    ({ metric, percentile }) => metric === "ttft" && percentile === 99,
  );
  return { name, objective: sla.objective, ttftLimitMs: target?.limitMs ?? null };
}

function policyRow(side: PolicySide, first: Results, setting: PolicySetting): PolicyRow {
  const { name, runs, smallest, pools } = side;
  const mean = (of: (results: Results) => number | null): number | null =>
    runs.length === 0 ? null : meanOrNull(runs.map(of));
  const gap = worstGap(runs);
  const indices = runs.flatMap(({ fairness: { jainIndex } }) => jainIndex ?? []);
  return {
    name,
    isRun: runs.length > 0,
    tiers: first.tiers.map((tier) => tierFigures(tier.name, runs)),
    serviceGap: gap?.maxWeightedServiceGap ?? null,
    serviceGapBound: gap?.serviceGapBound ?? null,
    jainIndex: indices.length === 0 ? null : Math.min(...indices),
    preemptions: mean(({ platform }) => platform.counts.preemptions),
    recomputedTokens: mean(({ platform }) => platform.counts.recomputedTokens),
    recomputedGpuSeconds: mean(({ platform }) => platform.recomputedGpuSeconds),
    usdPerMillionTokens: mean(({ platform }) => platform.usdPerMillionTokens),
    busy: mean(({ platform }) => platform.utilization?.busy ?? null),
    mfu: mean(({ platform }) => platform.utilization?.mfu ?? null),
    smallest: smallest ?? null,
    pools,
    totalGpus: smallest?.kind === "found" ? smallest.gpus + setting.otherGpus : null,
  };
}

function tierFigures(name: string, runs: readonly Results[]): TierFigures {
  const tiers = runs.map((run) => {
    const tier = run.tiers.find((one) => one.name === name);
    assert(tier !== undefined, "every policy has the same tiers");
    return tier;
  });
  const mean = (of: (tier: TierResult) => number | null): number | null =>
    tiers.length === 0 ? null : meanOrNull(tiers.map(of));
  return {
    name,
    verdict: worstVerdict(tiers.map(({ sla }) => sla.verdict)),
    complianceOwed: mean(({ sla }) => sla.complianceOwed),
    ttftMsP99: mean(({ latency }) => latency.ttftMs.p99),
    goodputPerS: mean(({ sla }) => sla.goodputPerS),
  };
}

function worstGap(runs: readonly Results[]): FairnessBlock | undefined {
  const known = runs
    .map(({ fairness }) => fairness)
    .filter(({ maxWeightedServiceGap }) => maxWeightedServiceGap !== null);
  return known.toSorted((a, b) => ratioOf(b) - ratioOf(a))[0];
}

function ratioOf({ maxWeightedServiceGap: gap, serviceGapBound: bound }: FairnessBlock): number {
  return gap === null || bound === null || bound === 0 ? 0 : gap / bound;
}
