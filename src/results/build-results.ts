/**
 * Turns what a collector gathered, and the engine's final state, into a Results value. Pure arithmetic: the same run gives the
 * same value, field by field.
 */
import { requiredGpus } from "../engine/allocation/required-gpus.ts";
import type { Engine } from "../engine/engine.ts";
import { countBlock, latencyBlock, slaBlock } from "./blocks.ts";
import type { Collector, TimedEvent } from "./collector.ts";
import { costBlock, usd, usdPerMillion } from "./money.ts";
import {
  type AttributionBlock,
  type FairnessBlock,
  type PlatformEvent,
  type PoolResult,
  RESULTS_SCHEMA_VERSION,
  type ReplicaResult,
  type Results,
  type TenantResult,
  type TierResult,
} from "./results.ts";
import { TenantStats } from "./tenant-stats.ts";
import { utilization } from "./utilization.ts";

/** What a run is, apart from what happened in it. */
export interface RunIdentity {
  readonly tenantryVersion: string;
  readonly name: string;
  readonly description: string;
  readonly hash: string;
  readonly seed: number;
  readonly skippedTraceRows: number;
}

interface Run {
  readonly engine: Engine<unknown>;
  readonly collector: Collector;
  readonly endNs: number;
  readonly measuredSeconds: number;
}

const NS_PER_HOUR = 3.6e12;

/** Builds the results of a run that ended at `endNs`. */
export function buildResults(
  identity: RunIdentity,
  ran: { readonly engine: Engine<unknown>; readonly collector: Collector; readonly endNs: number },
  attribution: AttributionBlock,
): Results {
  const measuredSeconds = Math.max(0, ran.endNs - ran.collector.warmupNs) / 1e9;
  const run: Run = { ...ran, measuredSeconds };
  const { engine, collector } = run;
  const { platform } = collector;
  const tenants = platform.tenants.map((_, tenant) => tenantResult(run, tenant));
  const arrived = collector.tenants.reduce((sum, stats) => sum + stats.arrived, 0);
  return {
    schemaVersion: RESULTS_SCHEMA_VERSION,
    tenantryVersion: identity.tenantryVersion,
    scenario: {
      name: identity.name,
      description: identity.description,
      hash: identity.hash,
      seed: identity.seed,
    },
    policy: platform.policy.name,
    run: {
      simulatedSeconds: run.endNs / 1e9,
      warmupSeconds: collector.warmupNs / 1e9,
      requests: arrived,
      skippedTraceRows: identity.skippedTraceRows,
    },
    platform: platformBlock(run, tenants),
    tiers: platform.tiers.map((_, tier) => tierResult(run, tier, tenants)),
    tenants,
    pools: platform.pools.map((_, pool) => poolResult(run, pool)),
    replicas: engine.replicas.map((replica) => replicaResult(run, replica.index)),
    fairness: fairnessBlock(run),
    attribution,
    timeline: collector.timeline.build(),
    events: collector.events.map((event) => platformEvent(run, event)),
  };
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

function tierResult(run: Run, index: number, tenants: readonly TenantResult[]): TierResult {
  const { platform } = run.collector;
  const tier = platform.tiers[index]!;
  const stats = mergedStats(run, (tenant) => platform.tenants[tenant]!.tier === index);
  return {
    name: tier.name,
    weight: tier.weight,
    counts: countBlock(stats),
    latency: latencyBlock(stats),
    sla: slaBlock(stats, tier, run.measuredSeconds),
    costUsd: tenants
      .filter((tenant) => tenant.tier === tier.name)
      .reduce((sum, { cost }) => sum + cost.totalUsd, 0),
  };
}

function platformBlock(run: Run, tenants: readonly TenantResult[]): Results["platform"] {
  const stats = mergedStats(run, () => true);
  const { platform } = run.collector;
  const pools = platform.pools.map((pool) => ({
    gpus: pool.replicas * pool.tensorParallel,
    nanoUsdPerHour: pool.replicas * pool.tensorParallel * pool.gpuHourNanoUsd,
  }));
  const hours = run.endNs / NS_PER_HOUR;
  const gpus = pools.reduce((sum, pool) => sum + pool.gpus, 0);
  const gpuUsd = usd(pools.reduce((sum, pool) => sum + pool.nanoUsdPerHour * hours, 0));
  return {
    counts: countBlock(stats),
    latency: latencyBlock(stats),
    utilization: utilization(run.engine.replicas, run.endNs),
    gpus,
    gpuHours: gpus * hours,
    gpuUsd,
    chargedGpuUsd: tenants.reduce((sum, { cost }) => sum + cost.gpuUsd, 0),
    idleUsd: platform.pools.reduce((sum, _, pool) => sum + poolIdleUsd(run, pool), 0),
    revenueUsd: tenants.reduce((sum, { cost }) => sum + cost.totalUsd, 0),
    usdPerMillionTokens: usdPerMillion(gpuUsd, stats),
  };
}

function poolResult(run: Run, index: number): PoolResult {
  const { engine, collector, endNs } = run;
  const config = collector.platform.pools[index]!;
  const { replicas } = engine.schedulers[index]!;
  const gpus = config.replicas * config.tensorParallel;
  const gpuHours = (gpus * endNs) / NS_PER_HOUR;
  const users = collector.platform.tenants
    .map((tenant, at) => ({ tenant, at }))
    .filter(({ tenant }) => tenant.pools.includes(index));
  const hits = users.reduce((sum, { at }) => sum + engine.tenants[at]!.adapterHits, 0);
  const loads = users.reduce((sum, { at }) => sum + engine.tenants[at]!.adapterLoads, 0);
  return {
    name: config.name,
    kind: config.owner === undefined ? "shared" : "dedicated",
    owner: config.owner === undefined ? null : collector.platform.tenants[config.owner]!.name,
    model: config.model.name,
    gpu: config.gpu.name,
    replicas: config.replicas,
    gpusPerReplica: config.tensorParallel,
    utilization: utilization(replicas, endNs),
    gpuHours,
    gpuUsd: usd(gpuHours * config.gpuHourNanoUsd),
    chargedUsd: usd(
      replicas.reduce((sum, { index: at }) => {
        const account = engine.ledger.replicaAccount(at);
        return sum + account.chargedNanoUsd - account.overheadNanoUsd;
      }, 0),
    ),
    idleUsd: poolIdleUsd(run, index),
    requiredGpus: requiredGpus(
      config,
      demandOf(
        run,
        users.map(({ at }) => at),
      ),
    ),
    adapterLoads: loads,
    adapterHitRate: hits + loads === 0 ? null : hits / (hits + loads),
  };
}

function replicaResult(run: Run, index: number): ReplicaResult {
  const { engine, collector, endNs } = run;
  const replica = engine.replicas[index]!;
  const first = engine.schedulers[replica.pool]!.replicas[0]!.index;
  return {
    name: `${replica.config.name}/${index - first}`,
    pool: replica.config.name,
    steps: replica.meter.steps,
    completed: collector.completedOn[index]!,
    utilization: utilization([replica], endNs),
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
  };
}

function nameOf(named: readonly { readonly name: string }[], index: number | undefined) {
  return index === undefined ? null : named[index]!.name;
}

function mergedStats(run: Run, isIn: (tenant: number) => boolean): TenantStats {
  const merged = new TenantStats();
  for (const [tenant, stats] of run.collector.tenants.entries()) {
    if (isIn(tenant)) merged.merge(stats);
  }
  return merged;
}

/** What completed, as a demand: a pool that turned requests away needs more than this says. */
function demandOf(run: Run, tenants: readonly number[]) {
  const merged = mergedStats(run, (tenant) => tenants.includes(tenant));
  const served = Math.max(1, merged.completed);
  const seconds = run.endNs / 1e9;
  return {
    requestsPerS: seconds > 0 ? merged.arrived / seconds : 0,
    meanPromptTokens: merged.promptTokens / served,
    meanOutputTokens: merged.outputTokens / served,
  };
}

function poolIdleUsd(run: Run, pool: number): number {
  return run.engine.schedulers[pool]!.replicas.reduce((sum, replica) => {
    const idleNs = replica.meter.idleUntil(run.endNs) + replica.meter.downUntil(run.endNs);
    return sum + usd(idleNs * run.engine.ledger.nanoUsdPerNs(replica.index));
  }, 0);
}
