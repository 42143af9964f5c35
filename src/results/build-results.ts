/**
 * Turns what a collector gathered, and the engine's final state, into a Results value. Pure arithmetic: the same run gives the
 * same value, field by field.
 */
import { requiredGpus } from "../engine/allocation/required-gpus.ts";
import type { PlatformConfig, PoolConfig } from "../engine/config.ts";
import type { Evidence } from "../engine/effects.ts";
import type { Engine } from "../engine/engine.ts";
import { provisionedUntil } from "../replica/port.ts";
import { countBlock, latencyBlock, quantileIntervals, slaBlock } from "./blocks.ts";
import type { Collector, TimedEvent } from "./collector.ts";
import { costBlock, usd, usdPerMillion } from "./money.ts";
import {
  type AttributionBlock,
  type EventEvidence,
  type FairnessBlock,
  type PlatformEvent,
  type PoolResult,
  RESULTS_SCHEMA_VERSION,
  type ReplicaResult,
  type Results,
  type ScenarioOrigin,
  type TenantResult,
  type TierResult,
} from "./results.ts";
import { saturationBlock } from "./saturation.ts";
import { NS_PER_HOUR, provisionedNsOf, scalingBlock } from "./scaling.ts";
import { TenantStats } from "./tenant-stats.ts";
import { extrapolatedShare, utilization } from "./utilization.ts";

/** What a run is, apart from what happened in it. */
export interface RunIdentity {
  readonly tenantryVersion: string;
  readonly name: string;
  readonly description: string;
  readonly hash: string;
  readonly seed: number;
  readonly skippedTraceRows: number;
  readonly source?: ScenarioOrigin;
}

/** What any run has, seen from inside or from outside. */
export interface MeasuredRun {
  readonly collector: Collector;
  readonly endNs: number;
  /** Length of the arrivals without the warm-up: what rates are taken over. */
  readonly measuredSeconds: number;
}

/** A run with its engine: simulated, or served live. */
export interface EngineRun {
  readonly engine: Engine<unknown>;
  readonly collector: Collector;
  readonly endNs: number;
  /** Until when requests arrived. */
  readonly windowNs: number;
  /** Per pool, when its account was closed. */
  readonly poolEndsNs: readonly number[];
}

type Run = EngineRun & MeasuredRun;

/** Builds the results of a run that ended at `endNs`; of a simulated one perhaps with the fleet's throughput at saturation. */
export function buildResults(
  identity: RunIdentity,
  ran: EngineRun,
  attribution: AttributionBlock,
  saturationTokensPerS?: number,
): Results {
  const measuredSeconds = Math.max(0, ran.windowNs - ran.collector.warmupNs) / 1e9;
  const run: Run = { ...ran, measuredSeconds };
  const { engine, collector } = run;
  const { platform } = collector;
  const tenants = platform.tenants.map((_, tenant) => tenantResult(run, tenant));
  const timeline = collector.timeline.build(run.endNs);
  const saturation = saturationBlock(timeline, run.windowNs / 1e9, saturationTokensPerS);
  const arrived = collector.tenants.reduce((sum, stats) => sum + stats.arrived, 0);
  return {
    schemaVersion: RESULTS_SCHEMA_VERSION,
    tenantryVersion: identity.tenantryVersion,
    scenario: scenarioBlock(identity),
    policy: platform.policy.name,
    run: {
      simulatedSeconds: run.endNs / 1e9,
      arrivalSeconds: run.windowNs / 1e9,
      warmupSeconds: collector.warmupNs / 1e9,
      requests: arrived,
      skippedTraceRows: identity.skippedTraceRows,
    },
    platform: { ...platformBlock(run, tenants), saturation },
    tiers: populatedTiers(platform).map((tier) => tierResult(run, tier, tenants)),
    tenants,
    pools: platform.pools.map((_, pool) => poolResult(run, pool)),
    replicas: engine.replicas.map((replica) => replicaResult(run, replica.index)),
    fairness: fairnessBlock(run),
    attribution,
    timeline,
    events: collector.events.map((event) => platformEvent(run, event)),
  };
}

export function scenarioBlock({
  name,
  description,
  hash,
  seed,
  source,
}: RunIdentity): Results["scenario"] {
  return { name, description, hash, seed, ...(source !== undefined && { source }) };
}

function tenantResult(run: Run, index: number): TenantResult {
  const { engine, collector } = run;
  const { platform } = collector;
  const config = platform.tenants[index]!;
  const tier = platform.tiers[config.tier]!;
  const stats = collector.tenants[index]!;
  const neighbours = platform.tenants
    .map((tenant, at) => ({ tenant, at }))
    .filter(({ tenant }) => tenant.pools.some((pool) => config.pools.includes(pool)));
  const serviceOf = (at: number) =>
    engine.fairness.reduce((sum, monitor) => sum + monitor.service(at), 0);
  const total = neighbours.reduce((sum, { at }) => sum + serviceOf(at), 0);
  const weights = neighbours.reduce(
    (sum, { tenant }) => sum + tenant.weight * platform.tiers[tenant.tier]!.weight,
    0,
  );
  const service = serviceOf(index);
  return {
    name: config.name,
    tier: tier.name,
    pools: config.pools.map((pool) => platform.pools[pool]!.name),
    weight: config.weight,
    counts: countBlock(stats),
    latency: latencyBlock(stats),
    sla: slaBlock(stats, tier, run.measuredSeconds),
    cost: costBlock(engine, index, stats),
    service,
    serviceShare: total > 0 ? service / total : 0,
    weightShare: weights > 0 ? (config.weight * tier.weight) / weights : 0,
    adapterHits: engine.tenants[index]!.adapterHits,
    adapterLoads: engine.tenants[index]!.adapterLoads,
  };
}

/** A tier's figures: those of its tenants together. */
export function tierResult(
  run: MeasuredRun,
  index: number,
  tenants: readonly TenantResult[],
): TierResult {
  const { platform } = run.collector;
  const tier = platform.tiers[index]!;
  const stats = mergedStats(run, (tenant) => platform.tenants[tenant]!.tier === index);
  const ofTier = tenants.filter((tenant) => tenant.tier === tier.name);
  return {
    name: tier.name,
    weight: tier.weight,
    counts: countBlock(stats),
    latency: latencyBlock(stats),
    sla: slaBlock(stats, tier, run.measuredSeconds),
    intervals: quantileIntervals(tier.targets, run.collector.batches[index]),
    costUsd: ofTier.reduce((sum, { cost }) => sum + cost.totalUsd, 0),
    cacheSavedUsd: ofTier.reduce((sum, { cost }) => sum + cost.cacheSavedUsd, 0),
  };
}

function platformBlock(
  run: Run,
  tenants: readonly TenantResult[],
): Omit<Results["platform"], "saturation"> {
  const stats = mergedStats(run, () => true);
  const { platform } = run.collector;
  const gpus = platform.pools.reduce((sum, pool) => sum + gpusOf(pool), 0);
  const gpuHours = platform.pools.reduce((sum, _, pool) => sum + gpuHoursOf(run, pool), 0);
  const gpuUsd = platform.pools.reduce((sum, _, pool) => sum + gpuUsdOf(run, pool), 0);
  const unbilled = platform.pools.map((_, pool) => unbilledOf(run, pool));
  return {
    counts: countBlock(stats),
    latency: latencyBlock(stats),
    utilization: utilization(run.engine.replicas, ({ pool }) => run.poolEndsNs[pool]!),
    gpus,
    gpuHours,
    gpuUsd,
    chargedGpuUsd: tenants.reduce((sum, { cost }) => sum + (cost.gpuUsd ?? 0), 0),
    idleUsd: unbilled.reduce((sum, { idleUsd }) => sum + idleUsd, 0),
    downUsd: unbilled.reduce((sum, { downUsd }) => sum + downUsd, 0),
    bootUsd: unbilled.reduce((sum, { bootUsd }) => sum + bootUsd, 0),
    recomputedUsd: unbilled.reduce((sum, { recomputedUsd }) => sum + recomputedUsd, 0),
    recomputedGpuSeconds: unbilled.reduce((sum, { recomputedGpuSeconds: s }) => sum + s, 0),
    revenueUsd: tenants.reduce((sum, { cost }) => sum + cost.totalUsd, 0),
    cacheSavedUsd: tenants.reduce((sum, { cost }) => sum + cost.cacheSavedUsd, 0),
    usdPerMillionTokens: usdPerMillion(gpuUsd, stats),
  };
}

function poolResult(run: Run, index: number): PoolResult {
  const { engine, collector } = run;
  const config = collector.platform.pools[index]!;
  const { replicas, adapterLoads } = engine.schedulers[index]!;
  const { hits, loads } = adapterLoads;
  return {
    name: config.name,
    kind: config.owner === undefined ? "shared" : "dedicated",
    owner: config.owner === undefined ? null : collector.platform.tenants[config.owner]!.name,
    model: config.model.name,
    gpu: config.gpu.name,
    replicas: config.replicas,
    gpusPerReplica: config.gpusPerReplica,
    utilization: utilization(replicas, () => run.poolEndsNs[index]!),
    gpuHours: gpuHoursOf(run, index),
    gpuUsd: gpuUsdOf(run, index),
    chargedUsd: usd(
      replicas.reduce((sum, { index: at }) => {
        const account = engine.ledger.replicaAccount(at);
        return sum + account.chargedNanoUsd - account.overheadNanoUsd;
      }, 0),
    ),
    ...unbilledOf(run, index),
    lentShare: lentShareOf(run, index),
    extrapolatedShare: config.stepModel.measured === undefined ? null : extrapolatedShare(replicas),
    scaling: scalingBlock(run, index),
    requiredGpus: requiredGpus(config, demandOf(run, index)),
    adapterLoads: loads,
    adapterHitRate: hits + loads === 0 ? null : hits / (hits + loads),
  };
}

function replicaResult(run: Run, index: number): ReplicaResult {
  const { engine, collector } = run;
  const replica = engine.replicas[index]!;
  const endNs = run.poolEndsNs[replica.pool]!;
  const first = engine.schedulers[replica.pool]!.replicas[0]!.index;
  return {
    name: `${replica.config.name}/${index - first}`,
    pool: replica.config.name,
    steps: replica.meter.steps,
    completed: collector.completedOn[index]!,
    utilization: utilization([replica], () => endNs),
    provisionedSeconds: provisionedUntil(replica.meter, endNs) / 1e9,
    downSeconds: replica.meter.downUntil(endNs) / 1e9,
    kvPressureEvents: replica.pressureEvents,
  };
}

/** The pool whose worst pair strayed farthest from its bound speaks for the platform. */
function fairnessBlock(run: Run): FairnessBlock {
  const { fairness } = run.engine;
  const gaps = fairness.flatMap(({ worst }) => (worst === undefined ? [] : [worst]));
  gaps.sort((a, b) => b.gap / b.bound - a.gap / a.bound);
  const indices = fairness.flatMap(({ jainIndex }) => (jainIndex === undefined ? [] : [jainIndex]));
  const worst = gaps[0];
  const name = (tenant: number) => run.collector.platform.tenants[tenant]!.name;
  return {
    jainIndex: indices.length === 0 ? null : Math.min(...indices),
    maxWeightedServiceGap: worst?.gap ?? null,
    serviceGapBound: worst?.bound ?? null,
    pair: worst === undefined ? null : [name(worst.pair[0]), name(worst.pair[1])],
  };
}

function platformEvent(run: Run, { timeNs, event }: TimedEvent): PlatformEvent {
  const { platform } = run.collector;
  const { replica, pool } = event;
  return {
    atS: timeNs / 1e9,
    kind: event.kind,
    tenant: nameOf(platform.tenants, event.tenant),
    aggressor: nameOf(platform.tenants, event.aggressor),
    pool: nameOf(platform.pools, pool),
    replica: replica === undefined ? null : replicaResult(run, replica).name,
    message: event.message,
    evidence: evidenceOf(event.evidence),
    action: event.action ?? null,
  };
}

function evidenceOf(evidence: Evidence | undefined): EventEvidence | null {
  if (evidence === undefined) return null;
  const { measuredNs, limitNs, ...same } = evidence;
  return {
    ...same,
    measuredMs: measuredNs === undefined ? null : measuredNs / 1e6,
    limitMs: limitNs / 1e6,
  };
}

function nameOf(named: readonly { readonly name: string }[], index: number | undefined) {
  return index === undefined ? null : named[index]!.name;
}

/** The counts and latencies of some tenants together. */
export function mergedStats(run: MeasuredRun, isIn: (tenant: number) => boolean): TenantStats {
  const merged = new TenantStats();
  for (const [tenant, stats] of run.collector.tenants.entries()) {
    if (isIn(tenant)) merged.merge(stats);
  }
  return merged;
}

/** What was admitted to the pool, as a demand: a pool that turned requests away needs more than this says. */
function demandOf(run: Run, pool: number) {
  const demand = run.collector.pools[pool]!;
  const { admitted, completed, promptTokens, cachedTokens, outputTokens } = demand;
  const seconds = run.windowNs / 1e9;
  return {
    requestsPerS: seconds > 0 ? admitted / seconds : 0,
    meanPromptTokens: promptTokens / Math.max(1, completed),
    meanCachedTokens: cachedTokens / Math.max(1, completed),
    meanOutputTokens: outputTokens / Math.max(1, completed),
  };
}

function gpusOf(pool: PoolConfig): number {
  return pool.replicas * pool.gpusPerReplica;
}

function gpuHoursOf(run: Run, pool: number): number {
  const { gpusPerReplica } = run.collector.platform.pools[pool]!;
  return (provisionedNsOf(run, pool) * gpusPerReplica) / NS_PER_HOUR;
}

function gpuUsdOf(run: Run, pool: number): number {
  return usd(gpuHoursOf(run, pool) * run.collector.platform.pools[pool]!.gpuHourNanoUsd);
}

function lentShareOf(run: Run, pool: number): number {
  const { replicas } = run.engine.schedulers[pool]!;
  const lentNs = replicas.reduce(
    (sum, { index }) => sum + run.engine.ledger.replicaAccount(index).lentNs,
    0,
  );
  const provisionedNs = provisionedNsOf(run, pool);
  return provisionedNs > 0 ? lentNs / provisionedNs : 0;
}

/** What no tenant is charged for as use: together with that, it is all the pool's GPU time. */
function unbilledOf(run: Run, pool: number) {
  const endNs = run.poolEndsNs[pool]!;
  const { ledger } = run.engine;
  let idleNanoUsd = 0;
  let downNanoUsd = 0;
  let bootNanoUsd = 0;
  let recomputedNanoUsd = 0;
  let recomputedNs = 0;
  for (const { meter, index } of run.engine.schedulers[pool]!.replicas) {
    const price = ledger.nanoUsdPerNs(index);
    idleNanoUsd += meter.idleUntil(endNs) * price;
    downNanoUsd += meter.downUntil(endNs) * price;
    bootNanoUsd += meter.bootUntil(endNs) * price;
    const { overheadNanoUsd, overheadNs } = ledger.replicaAccount(index);
    recomputedNanoUsd += overheadNanoUsd + meter.lostNs * price;
    recomputedNs += overheadNs + meter.lostNs;
  }
  return {
    idleUsd: usd(idleNanoUsd),
    downUsd: usd(downNanoUsd),
    bootUsd: usd(bootNanoUsd),
    recomputedUsd: usd(recomputedNanoUsd),
    recomputedGpuSeconds: (recomputedNs * run.collector.platform.pools[pool]!.gpusPerReplica) / 1e9,
  };
}

/** Tiers that have a tenant: of the others there is nothing to say. */
export function populatedTiers({ tiers, tenants }: PlatformConfig): number[] {
  return [...tiers.keys()].filter((tier) => tenants.some((tenant) => tenant.tier === tier));
}
