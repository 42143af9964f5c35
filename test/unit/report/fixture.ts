/**
 * Plausible results without a simulation: three tiers, six tenants (one with a name out to break the page), two pools and
 * 240 slices with a spike, nulls and events. Numbers are made by plain arithmetic, so that every run of the tests sees the
 * same ones; bills add up exactly in nano-dollars.
 */
import type { Results, TenantResult, TierResult } from "../../../src/results/results.ts";
import { cost, counts, latency, slaOf, sum, TIERS } from "./fixture-blocks.ts";
import { POOLS, SLICE_SECONDS, SLICES, timelineOf, UTILIZATION, wave } from "./fixture-timeline.ts";

export const NASTY_NAME = `</script><script>alert("x")</script>|&'`;

export interface TenantSketch {
  readonly name: string;
  readonly tier: string;
  readonly arrived: number;
  readonly ttftP99: number | null;
  readonly pool: string;
  readonly hasFewSamples?: boolean;
}

const SKETCHES: readonly TenantSketch[] = [
  { name: "aurora-bank", tier: "gold", arrived: 48_211, ttftP99: 44.82, pool: "gold-aurora" },
  { name: "helios-health", tier: "gold", arrived: 9120, ttftP99: 38.4, pool: "shared" },
  { name: "northwind", tier: "silver", arrived: 30_870, ttftP99: 96.71, pool: "shared" },
  { name: NASTY_NAME, tier: "silver", arrived: 12_005, ttftP99: 100.04, pool: "shared" },
  {
    name: "tailspin-crawler-batch",
    tier: "bronze",
    arrived: 64_902,
    ttftP99: 1834.2,
    pool: "shared",
  },
  {
    name: "fabrikam",
    tier: "bronze",
    arrived: 64,
    ttftP99: null,
    pool: "shared",
    hasFewSamples: true,
  },
];

/** The full fixture: an hour of simulated time. */
export function exampleResults(): Results {
  return resultsOf(SKETCHES);
}

/** The same platform with this many tenants, spread over the tiers. */
export function manyTenants(count: number): Results {
  const sketches = Array.from({ length: count }, (_, index): TenantSketch => {
    const tier = TIERS[index % 3] ?? TIERS[0];
    const arrived = 400 + ((index * 7919) % 5000);
    return {
      name: `tenant-${index}`,
      tier: tier.name,
      arrived,
      ttftP99: tier.limitMs * wave(index),
      pool: "shared",
    };
  });
  return resultsOf(sketches);
}

function resultsOf(sketches: readonly TenantSketch[]): Results {
  const tenants = sketches.map((sketch, index) => tenantOf(sketch, index, sketches));
  const tiers = TIERS.map(
    (tier): TierResult =>
      tierOf(
        tier,
        tenants.filter((one) => one.tier === tier.name),
      ),
  );
  const arrived = sum(tenants.map((tenant) => tenant.counts.arrived));
  const charged = sum(tenants.map((tenant) => tenant.cost.gpuUsd ?? 0));
  return {
    schemaVersion: 1,
    tenantryVersion: "0.1.0",
    scenario: {
      name: "Flagship: three tiers on 24 GPUs",
      description:
        "Can gold keep a P99 time to first token of 50 ms through bursts, while silver and bronze share 16 GPUs at 75 % utilization?",
      hash: "sha256:5b0c3f9a77d2e1c4",
      seed: 42,
    },
    policy: "slo-fair",
    run: {
      simulatedSeconds: SLICES * SLICE_SECONDS,
      arrivalSeconds: SLICES * SLICE_SECONDS,
      warmupSeconds: 300,
      requests: arrived,
      skippedTraceRows: 3,
    },
    platform: {
      counts: counts(arrived, 412),
      latency: latency(1834.2),
      utilization: UTILIZATION,
      saturation: {
        tokensPerS: 251_300,
        meanShare: 0.58,
        peakShare: 0.79,
        peakStartS: 1800,
        peakSeconds: 150,
      },
      gpus: 24,
      gpuHours: 24,
      gpuUsd: 96,
      chargedGpuUsd: charged,
      idleUsd: 96 - charged,
      downUsd: 0,
      bootUsd: 0,
      recomputedUsd: 0,
      recomputedGpuSeconds: 0,
      revenueUsd: 131.25,
      cacheSavedUsd: 1.5,
      usdPerMillionTokens: 1.3125,
    },
    tiers,
    tenants,
    pools: POOLS,
    replicas: POOLS.flatMap((pool) =>
      Array.from({ length: pool.replicas }, (_, index) => ({
        name: `${pool.name}-${index}`,
        pool: pool.name,
        steps: 120_441 + index * 13,
        completed: 9311 + index * 7,
        utilization: UTILIZATION,
        provisionedSeconds: SLICES * SLICE_SECONDS,
        downSeconds: index === 2 ? 94.5 : 0,
        kvPressureEvents: index === 1 ? 18 : 0,
      })),
    ),
    fairness: {
      jainIndex: 0.9731,
      maxWeightedServiceGap: 18_204.5,
      serviceGapBound: 61_440,
      pair: [tenants[2]?.name ?? "", tenants[4]?.name ?? ""],
    },
    attribution: {
      accuracy: 0.99621,
      accuracyByBatchShare: 0.9312,
      auditedRequests: 164_000,
      stepNoise: 0.03,
      coefficientError: 0.1,
    },
    timeline: timelineOf(sketches),
    events: [
      {
        atS: 1510,
        kind: "noisy-neighbour",
        tenant: tenants[3]?.name ?? null,
        aggressor: tenants[4]?.name ?? null,
        pool: "shared",
        replica: null,
        message: `${tenants[3]?.name ?? ""} had a TTFT P99 of 162 ms against 100 ms while within its share; its in-flight cap was cut to 24.`,
        evidence: {
          metric: "ttft",
          percentile: 99,
          measuredMs: 162,
          limitMs: 100,
          late: 9,
          lateOf: 120,
          victimShare: { asked: 0.1, due: 0.3 },
          aggressorShare: { asked: 0.7, due: 0.2 },
        },
        action: null,
      },
      {
        atS: 2400,
        kind: "replica-down",
        tenant: null,
        aggressor: null,
        pool: "shared",
        replica: "shared-2",
        message: "Replica shared-2 crashed; 17 running requests were requeued.",
        evidence: null,
        action: null,
      },
      {
        atS: 2494.5,
        kind: "replica-up",
        tenant: null,
        aggressor: null,
        pool: "shared",
        replica: "shared-2",
        message: "Replica shared-2 is up again after 94.5 s.",
        evidence: null,
        action: null,
      },
    ],
  };
}

function tenantOf(sketch: TenantSketch, index: number, all: readonly TenantSketch[]): TenantResult {
  const tier = TIERS.find((one) => one.name === sketch.tier) ?? TIERS[0];
  const share = sketch.arrived / sum(all.map((one) => one.arrived));
  const blocks = sketch.ttftP99 === null ? latency(null) : latency(sketch.ttftP99);
  return {
    name: sketch.name,
    tier: sketch.tier,
    pools: [sketch.pool],
    weight: 1,
    counts: counts(sketch.arrived, index === 4 ? 412 : 0),
    latency: blocks,
    sla: slaOf(blocks, tier, sketch.hasFewSamples === true),
    cost: cost(70 * share, index),
    service: 1e6 * share,
    serviceShare: share,
    weightShare: 1 / all.length,
    adapterHits: 120,
    adapterLoads: 3,
  };
}

function tierOf(tier: (typeof TIERS)[number], tenants: readonly TenantResult[]): TierResult {
  const slowest = tenants.reduce((ms, one) => Math.max(ms, one.latency.ttftMs.p99 ?? 0), 0);
  const blocks = latency(slowest === 0 ? null : slowest);
  const sla = slaOf(blocks, tier, false);
  return {
    name: tier.name,
    weight: tier.weight,
    counts: counts(
      sum(tenants.map((one) => one.counts.arrived)),
      sum(tenants.map((one) => one.counts.rejected)),
    ),
    latency: blocks,
    sla,
    intervals: sla.targets.map(({ metric, percentile, measuredMs }) => ({
      metric,
      percentile,
      lowMs: (measuredMs ?? 0) * 0.9,
      highMs: (measuredMs ?? 0) * 1.1,
      batches: 20,
    })),
    costUsd: sum(tenants.map((one) => one.cost.totalUsd)),
    cacheSavedUsd: sum(tenants.map((one) => one.cost.cacheSavedUsd)),
  };
}
