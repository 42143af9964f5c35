/**
 * A run in which nothing arrived, on the fixture's platform.
 */
import type {
  LatencyBlock,
  Results,
  SlaBlock,
  UtilizationBlock,
} from "../../../src/results/results.ts";
import { cost, counts, EMPTY } from "./fixture-blocks.ts";
import { exampleResults } from "./fixture.ts";

/** A run in which nothing arrived: every distribution is empty, every ratio null. */
export function emptyResults(): Results {
  const full = exampleResults();
  const none: LatencyBlock = { ttftMs: EMPTY, tpotMs: EMPTY, e2eMs: EMPTY, queueMs: EMPTY };
  const idle: UtilizationBlock = { busy: 0, mfu: 0, memoryBandwidth: 0, kvBlocks: 0, meanBatch: 0 };
  return {
    ...full,
    run: { ...full.run, requests: 0 },
    platform: {
      ...full.platform,
      counts: counts(0, 0),
      latency: none,
      utilization: idle,
      saturation: null,
      chargedGpuUsd: 0,
      idleUsd: full.platform.gpuUsd,
      revenueUsd: 0,
      usdPerMillionTokens: null,
    },
    tiers: full.tiers.map((tier) => ({
      ...tier,
      counts: counts(0, 0),
      latency: none,
      sla: emptySla(tier.sla),
      intervals: tier.intervals.map((one) => ({ ...one, lowMs: null, highMs: null, batches: 0 })),
      costUsd: 0,
    })),
    tenants: full.tenants.map((tenant) => ({
      ...tenant,
      counts: counts(0, 0),
      latency: none,
      sla: emptySla(tenant.sla),
      cost: cost(0, 0),
      service: 0,
      serviceShare: 0,
      adapterHits: 0,
      adapterLoads: 0,
    })),
    pools: full.pools.map((pool) => ({
      ...pool,
      utilization: idle,
      chargedUsd: 0,
      requiredGpus: 0,
      adapterHitRate: null,
    })),
    replicas: full.replicas.map((replica) => ({
      ...replica,
      steps: 0,
      completed: 0,
      utilization: idle,
    })),
    fairness: { jainIndex: null, maxWeightedServiceGap: null, serviceGapBound: null, pair: null },
    attribution: {
      accuracy: null,
      accuracyByBatchShare: null,
      auditedRequests: 0,
      stepNoise: 0,
      coefficientError: 0,
    },
    timeline: {
      ...full.timeline,
      tenants: full.timeline.tenants.map((line) => ({
        name: line.name,
        arrivedPerS: zeros(line.arrivedPerS),
        completedPerS: zeros(line.completedPerS),
        rejectedPerS: zeros(line.rejectedPerS),
        ttftMsP50: nulls(line.ttftMsP50),
        ttftMsP99: nulls(line.ttftMsP99),
        queued: zeros(line.queued),
      })),
      pools: full.timeline.pools.map((line) => ({
        ...line,
        busy: zeros(line.busy),
        running: zeros(line.running),
        queued: zeros(line.queued),
      })),
    },
    events: [],
  };
}

function emptySla(sla: SlaBlock): SlaBlock {
  return {
    ...sla,
    targets: sla.targets.map((target) => ({
      ...target,
      measuredMs: null,
      verdict: "not-enough-data" as const,
    })),
    compliance: null,
    complianceOwed: null,
    complianceWithRejections: null,
    errorBudgetBurn: null,
    goodputPerS: 0,
    verdict: "not-enough-data",
  };
}

function zeros(values: readonly unknown[]): number[] {
  return values.map(() => 0);
}

function nulls(values: readonly unknown[]): null[] {
  return values.map(() => null);
}
