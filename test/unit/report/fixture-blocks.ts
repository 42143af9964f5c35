/**
 * The blocks of which the fixture's tiers and tenants are made: latency, verdicts, counts and bills, by plain arithmetic.
 * Bills add up exactly in nano-dollars, as they do in the ledger.
 */
import type {
  CostBlock,
  CountBlock,
  Distribution,
  LatencyBlock,
  SlaBlock,
  TargetResult,
} from "../../../src/results/results.ts";

export const TIERS = [
  { name: "gold", weight: 50, limitMs: 50, objective: 0.9999 },
  { name: "silver", weight: 30, limitMs: 100, objective: 0.995 },
  { name: "bronze", weight: 20, limitMs: 500, objective: 0.99 },
] as const;

export const EMPTY: Distribution = {
  count: 0,
  mean: null,
  p50: null,
  p90: null,
  p99: null,
  p999: null,
  max: null,
};

export function latency(ttftP99: number | null): LatencyBlock {
  if (ttftP99 === null) return { ttftMs: EMPTY, tpotMs: EMPTY, e2eMs: EMPTY, queueMs: EMPTY };
  const queueMs = { ...spread(ttftP99 * 0.6, 0.1), p50: 0 };
  return {
    ttftMs: spread(ttftP99, 0.44),
    tpotMs: spread(21.3, 0.7),
    e2eMs: spread(ttftP99 + 6120, 0.5),
    queueMs,
  };
}

export function slaOf(
  blocks: LatencyBlock,
  tier: (typeof TIERS)[number],
  hasFewSamples: boolean,
): SlaBlock {
  const measured = blocks.ttftMs.p99;
  const judged = (ms: number | null, limitMs: number): TargetResult["verdict"] => {
    if (ms === null || hasFewSamples) return "not-enough-data";
    return ms <= limitMs ? "met" : "missed";
  };
  const targets: TargetResult[] = [
    {
      metric: "ttft",
      percentile: 99,
      limitMs: tier.limitMs,
      measuredMs: measured,
      verdict: judged(measured, tier.limitMs),
    },
    {
      metric: "tpot",
      percentile: 99,
      limitMs: 25,
      measuredMs: blocks.tpotMs.p99,
      verdict: judged(blocks.tpotMs.p99, 25),
    },
  ];
  const isMet = measured !== null && measured <= tier.limitMs;
  const compliance =
    measured === null
      ? null
      : isMet
        ? 1 - (1 - tier.objective) * 0.62
        : 1 - (1 - tier.objective) * 2.9;
  return {
    targets,
    compliance,
    complianceOwed: compliance,
    complianceWithRejections: compliance === null ? null : compliance - 0.003,
    objective: tier.objective,
    errorBudgetBurn: compliance === null ? null : (1 - compliance) / (1 - tier.objective),
    goodputPerS: measured === null ? 0 : 13.3,
    verdict: judged(measured, tier.limitMs),
  };
}

function spread(p99: number, p50Share: number): Distribution {
  return {
    count: 4000,
    mean: p99 * p50Share * 1.2,
    p50: p99 * p50Share,
    p90: p99 * (0.4 + p50Share / 2),
    p99,
    p999: p99 * 1.4,
    max: p99 * 2.3,
  };
}

export function counts(arrived: number, rejected: number): CountBlock {
  const failed = arrived > 40_000 ? 2 : 0;
  return {
    arrived,
    completed: arrived - rejected - failed,
    failed,
    cancelled: 0,
    rejected,
    rejectedByReason:
      rejected === 0
        ? []
        : [
            { reason: "max-qps", count: rejected - 12 },
            { reason: "shed", count: 12 },
          ],
    preemptions: rejected > 0 ? 77 : 0,
    recomputedTokens: rejected > 0 ? 61_600 : 0,
    promptTokens: arrived * 611,
    cachedPromptTokens: arrived * 90,
    prefixHitRate: arrived === 0 ? null : 90 / 611,
    outputTokens: arrived * 187,
  };
}

/** Amounts are whole nano-dollars, so that the parts add up to the total as they do in the ledger. */
export function cost(gpuUsd: number, index: number): CostBlock {
  const parts = [
    gpuUsd,
    gpuUsd * 0.31,
    gpuUsd * 0.02,
    gpuUsd * 0.4,
    index === 2 ? 0.35 : 0,
    index === 0 ? 12.413 : 0,
  ].map(nano);
  const at = (place: number): number => (parts[place] ?? 0) / 1e9;
  return {
    gpuUsd: at(0),
    inputTokensUsd: at(1),
    cachedInputTokensUsd: at(2),
    outputTokensUsd: at(3),
    adaptersUsd: at(4),
    idleUsd: at(5),
    lentUsd: 0,
    totalUsd: sum(parts) / 1e9,
    gpuUsdByBatchShare: at(0) * (0.8 + 0.12 * (index % 5)),
    gpuSeconds: gpuUsd * 900,
    cacheSavedUsd: at(2),
    usdPerMillionTokens: gpuUsd === 0 ? null : 1.21 + index * 0.09,
  };
}

function nano(usd: number): number {
  return Math.round(usd * 1e9);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
