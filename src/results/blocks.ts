/** The recurring parts of results.json: distributions, counts, latency and SLA blocks. Milliseconds and dollars. */
import type { Histogram } from "../base/histogram.ts";
import type { LatencyMetric, SlaTarget, TierConfig } from "../engine/config.ts";
import { REJECT_REASONS } from "../engine/request.ts";
import { SLA_MIN_SAMPLES } from "../engine/sla/sla-window.ts";
import type { BatchRecorder } from "./batch-recorder.ts";
import type { QuantileInterval } from "./quantile-interval.ts";
import type { CountBlock, Distribution, LatencyBlock, SlaBlock, TargetResult } from "./results.ts";
import type { TenantStats } from "./tenant-stats.ts";

const US_PER_MS = 1000;
const NS_PER_MS = 1e6;

export function distribution(histogram: Histogram): Distribution {
  return {
    count: histogram.count,
    mean: ms(histogram.mean),
    p50: ms(histogram.quantile(0.5)),
    p90: ms(histogram.quantile(0.9)),
    p99: ms(histogram.quantile(0.99)),
    p999: ms(histogram.quantile(0.999)),
    max: ms(histogram.max),
  };
}

function ms(us: number | undefined): number | null {
  return us === undefined ? null : us / US_PER_MS;
}

export function latencyBlock({ latency }: TenantStats): LatencyBlock {
  return {
    ttftMs: distribution(latency.ttft),
    tpotMs: distribution(latency.tpot),
    e2eMs: distribution(latency.e2e),
    queueMs: distribution(latency.queue),
  };
}

export function countBlock(stats: TenantStats): CountBlock {
  return {
    arrived: stats.arrived,
    completed: stats.completed,
    failed: stats.failed,
    cancelled: stats.cancelled,
    rejected: stats.rejected.reduce((sum, count) => sum + count, 0),
    rejectedByReason: REJECT_REASONS.map((reason, index) => ({
      reason,
      count: stats.rejected[index]!,
    })).filter(({ count }) => count > 0),
    preemptions: stats.preemptions,
    recomputedTokens: stats.recomputedTokens,
    promptTokens: stats.promptTokens,
    cachedPromptTokens: stats.cachedPromptTokens,
    prefixHitRate: stats.promptTokens === 0 ? null : stats.cachedPromptTokens / stats.promptTokens,
    outputTokens: stats.outputTokens,
  };
}

/** `measuredSeconds` is the run without its warm-up. */
export function slaBlock(stats: TenantStats, tier: TierConfig, measuredSeconds: number): SlaBlock {
  const targets = tier.targets.map((target): TargetResult => {
    const histogram = stats.latency[target.metric];
    const us = histogram.quantile(target.percentile / 100);
    const limitUs = target.limitNs / 1000;
    const isKnown = histogram.count >= SLA_MIN_SAMPLES && us !== undefined;
    return {
      metric: target.metric,
      percentile: target.percentile,
      limitMs: target.limitNs / NS_PER_MS,
      measuredMs: us === undefined ? null : us / US_PER_MS,
      verdict: isKnown ? (us <= limitUs ? "met" : "missed") : "not-enough-data",
    };
  });
  const compliance = stats.measured === 0 ? null : stats.met / stats.measured;
  const all = stats.measured + stats.lost;
  const owed = stats.measured + stats.lostOwed;
  const complianceOwed = owed === 0 ? null : stats.met / owed;
  return {
    targets,
    compliance,
    complianceOwed,
    complianceWithRejections: all === 0 ? null : stats.met / all,
    objective: tier.objective,
    errorBudgetBurn: complianceOwed === null ? null : budgetBurn(complianceOwed, tier.objective),
    goodputPerS: measuredSeconds > 0 ? stats.met / measuredSeconds : 0,
    verdict: verdictOf(targets, { owed, complianceOwed, objective: tier.objective }),
  };
}

/** Of each target's quantile, from the batches of its latency; undefined where no request completed. */
export function quantileIntervals(
  targets: readonly SlaTarget[],
  batches: ReadonlyMap<LatencyMetric, BatchRecorder> | undefined,
): readonly QuantileInterval[] {
  return targets.map(({ metric, percentile }) => {
    const known = batches?.get(metric)?.interval(percentile / 100);
    return {
      metric,
      percentile,
      lowMs: ms(known?.low),
      highMs: ms(known?.high),
      batches: known?.batches ?? 0,
    };
  });
}

/** An objective of 100 % has no budget: any miss overspends it without bound, which JSON writes as null. */
function budgetBurn(compliance: number, objective: number): number | null {
  if (objective >= 1) return compliance >= 1 ? 0 : null;
  return (1 - compliance) / (1 - objective);
}

/** A tier that completes hardly anything has missed its objective, not too little data. */
function verdictOf(
  targets: readonly TargetResult[],
  all: {
    readonly owed: number;
    readonly complianceOwed: number | null;
    readonly objective: number;
  },
): SlaBlock["verdict"] {
  const { owed, complianceOwed, objective } = all;
  if (targets.some(({ verdict }) => verdict === "missed")) return "missed";
  if (complianceOwed !== null && owed >= SLA_MIN_SAMPLES && complianceOwed < objective) {
    return "missed";
  }
  const isUnknown = targets.some(({ verdict }) => verdict === "not-enough-data");
  return complianceOwed === null || isUnknown ? "not-enough-data" : "met";
}
