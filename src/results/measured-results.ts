/**
 * Results of a run measured from outside, by a load generator: counts, latencies, verdicts and token bills as a client sees
 * them. What no client can see (GPUs, replicas, preemptions, who waited for whom) is null or empty, never 0.
 */
import type { PlatformConfig } from "../engine/config.ts";
import { countBlock, latencyBlock, slaBlock } from "./blocks.ts";
import {
  type MeasuredRun,
  type RunIdentity,
  mergedStats,
  scenarioBlock,
  populatedTiers,
  tierResult,
} from "./build-results.ts";
import type { Collector } from "./collector.ts";
import { cacheSavedUsd, usd, usdPerMillion } from "./money.ts";
import {
  type CostBlock,
  type CountBlock,
  type LoadBlock,
  NO_AUDIT,
  RESULTS_SCHEMA_VERSION,
  type Results,
  type TenantResult,
} from "./results.ts";
import type { TenantStats } from "./tenant-stats.ts";

/** Builds the results of a load that sent until `windowNs` and ended with the last answer at `endNs`. */
export function buildMeasuredResults(
  identity: RunIdentity,
  ran: { readonly collector: Collector; readonly endNs: number; readonly windowNs: number },
  load: LoadBlock,
): Results {
  const { collector, endNs, windowNs } = ran;
  const { platform } = collector;
  const measuredSeconds = Math.max(0, windowNs - collector.warmupNs) / 1e9;
  const run: MeasuredRun = { ...ran, measuredSeconds };
  const tenants = platform.tenants.map((_, index) => tenantResult(run, index));
  const all = mergedStats(run, () => true);
  return {
    schemaVersion: RESULTS_SCHEMA_VERSION,
    tenantryVersion: identity.tenantryVersion,
    scenario: scenarioBlock(identity),
    policy: platform.policy.name,
    run: {
      simulatedSeconds: endNs / 1e9,
      arrivalSeconds: windowNs / 1e9,
      warmupSeconds: collector.warmupNs / 1e9,
      requests: all.arrived,
      skippedTraceRows: identity.skippedTraceRows,
    },
    platform: {
      counts: seenCounts(all),
      latency: latencyBlock(all),
      utilization: null,
      saturation: null,
      gpus: null,
      gpuHours: null,
      gpuUsd: null,
      chargedGpuUsd: null,
      idleUsd: null,
      downUsd: null,
      bootUsd: null,
      recomputedUsd: null,
      recomputedGpuSeconds: null,
      revenueUsd: tenants.reduce((sum, { cost }) => sum + cost.totalUsd, 0),
      cacheSavedUsd: tenants.reduce((sum, { cost }) => sum + cost.cacheSavedUsd, 0),
      usdPerMillionTokens: null,
    },
    tiers: populatedTiers(platform).map((tier) => {
      const result = tierResult(run, tier, tenants);
      return { ...result, counts: seenOf(result.counts) };
    }),
    tenants,
    pools: [],
    replicas: [],
    fairness: { jainIndex: null, maxWeightedServiceGap: null, serviceGapBound: null, pair: null },
    attribution: NO_AUDIT,
    timeline: collector.timeline.build(endNs),
    events: [],
    load,
  };
}

function tenantResult(run: MeasuredRun, index: number): TenantResult {
  const { collector } = run;
  const { platform } = collector;
  const config = platform.tenants[index]!;
  const tier = platform.tiers[config.tier]!;
  const stats = collector.tenants[index]!;
  const neighbours = platform.tenants
    .map((tenant, at) => ({ tenant, at }))
    .filter(({ tenant }) => tenant.pools.some((pool) => config.pools.includes(pool)));
  const serviceOf = (at: number) => service(platform, collector.tenants[at]!);
  const total = neighbours.reduce((sum, { at }) => sum + serviceOf(at), 0);
  const weights = neighbours.reduce(
    (sum, { tenant }) => sum + tenant.weight * platform.tiers[tenant.tier]!.weight,
    0,
  );
  return {
    name: config.name,
    tier: tier.name,
    pools: [],
    weight: config.weight,
    counts: seenCounts(stats),
    latency: latencyBlock(stats),
    sla: slaBlock(stats, tier, run.measuredSeconds),
    cost: tokenBill(platform, stats),
    service: serviceOf(index),
    serviceShare: total > 0 ? serviceOf(index) / total : 0,
    weightShare: weights > 0 ? (config.weight * tier.weight) / weights : 0,
    adapterHits: null,
    adapterLoads: null,
  };
}

/** Weighted tokens delivered, as the engine counts service. */
function service({ policy }: PlatformConfig, stats: TenantStats): number {
  return (
    policy.inputTokenWeight * (stats.promptTokens - stats.cachedPromptTokens) +
    policy.outputTokenWeight * stats.outputTokens
  );
}

function seenCounts(stats: TenantStats): CountBlock {
  return seenOf(countBlock(stats));
}

function seenOf(counts: CountBlock): CountBlock {
  return { ...counts, preemptions: null, recomputedTokens: null };
}

/** Tokens times prices: the part of a bill that a client can work out. */
function tokenBill({ prices }: PlatformConfig, stats: TenantStats): CostBlock {
  const input = (stats.promptTokens - stats.cachedPromptTokens) * prices.inputTokenNanoUsd;
  const cachedInput = stats.cachedPromptTokens * prices.cachedInputTokenNanoUsd;
  const output = stats.outputTokens * prices.outputTokenNanoUsd;
  const total = Math.round(input) + Math.round(cachedInput) + Math.round(output);
  return {
    gpuUsd: null,
    inputTokensUsd: usd(Math.round(input)),
    cachedInputTokensUsd: usd(Math.round(cachedInput)),
    outputTokensUsd: usd(Math.round(output)),
    adaptersUsd: null,
    idleUsd: null,
    lentUsd: null,
    totalUsd: usd(total),
    gpuUsdByBatchShare: null,
    gpuSeconds: null,
    cacheSavedUsd: cacheSavedUsd(prices, stats.cachedPromptTokens),
    usdPerMillionTokens: usdPerMillion(usd(total), stats),
  };
}
