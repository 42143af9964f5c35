/**
 * What results are compared in, by comparisons and sweeps alike: for tiers, for the platform and for each tenant's bill. A
 * measure is null where nobody knows it (a load generator sees no GPU).
 */
import type {
  CountBlock,
  Distribution,
  LatencyBlock,
  PoolResult,
  Results,
  SlaBlock,
  TenantResult,
} from "./results.ts";

export type Unit = "count" | "ms" | "share" | "usd" | "per-s" | "index";

/** A figure of one kind of subject. */
export interface Measure<Subject> {
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
  readonly of: (subject: Subject) => number | null;
  /** Left out where it is 0 on every side. */
  readonly isRare?: boolean;
  /** Which direction is good, where one is. */
  readonly better?: "less" | "more";
}

/** What a tier and a tenant have in common. */
export interface Judged {
  readonly counts: CountBlock;
  readonly latency: LatencyBlock;
  readonly sla: SlaBlock;
}

const LATENCIES: readonly (readonly [string, string, (latency: LatencyBlock) => Distribution])[] = [
  ["ttft", "TTFT", (latency) => latency.ttftMs],
  ["tpot", "TPOT", (latency) => latency.tpotMs],
  ["e2e", "E2E", (latency) => latency.e2eMs],
];

/** The measures of a tier or a tenant; `reasons` are those for which any side rejected anything. */
export function tierMeasures(reasons: readonly string[]): readonly Measure<Judged>[] {
  return [
    { id: "arrived", label: "Requests", unit: "count", of: ({ counts }) => counts.arrived },
    {
      id: "admitted",
      label: "Admitted",
      unit: "count",
      of: ({ counts }) => counts.arrived - counts.rejected,
    },
    ...reasons.map(
      (reason): Measure<Judged> => ({
        id: `rejected/${reason}`,
        label: `Rejected: ${reason}`,
        unit: "count",
        better: "less",
        of: ({ counts }) => rejectedFor(counts, reason),
        isRare: true,
      }),
    ),
    {
      id: "failed",
      label: "Failed",
      unit: "count",
      better: "less",
      of: ({ counts }) => counts.failed,
      isRare: true,
    },
    {
      id: "cancelled",
      label: "Cancelled",
      unit: "count",
      better: "less",
      of: ({ counts }) => counts.cancelled,
      isRare: true,
    },
    ...latencyMeasures(),
    {
      id: "compliance",
      label: "Compliance",
      unit: "share",
      better: "more",
      of: ({ sla }) => sla.compliance,
    },
    {
      id: "compliance-owed",
      label: "Compliance, owed",
      unit: "share",
      better: "more",
      of: ({ sla }) => sla.complianceOwed,
    },
    {
      id: "goodput",
      label: "Goodput",
      unit: "per-s",
      better: "more",
      of: ({ sla }) => sla.goodputPerS,
    },
  ];
}

export const PLATFORM_MEASURES: readonly Measure<Results>[] = [
  {
    id: "completed",
    label: "Completed",
    unit: "count",
    better: "more",
    of: ({ platform }) => platform.counts.completed,
  },
  {
    id: "busy",
    label: "Utilization (busy)",
    unit: "share",
    of: ({ platform }) => platform.utilization?.busy ?? null,
  },
  {
    id: "mfu",
    label: "MFU",
    unit: "share",
    of: ({ platform }) => platform.utilization?.mfu ?? null,
  },
  {
    id: "bandwidth",
    label: "Memory bandwidth",
    unit: "share",
    of: ({ platform }) => platform.utilization?.memoryBandwidth ?? null,
  },
  { id: "gpus", label: "GPUs", unit: "count", better: "less", of: ({ platform }) => platform.gpus },
  { id: "usd-per-hour", label: "GPU cost per hour", unit: "usd", better: "less", of: usdPerHour },
  {
    id: "gpu-cost",
    label: "GPU cost",
    unit: "usd",
    better: "less",
    of: ({ platform }) => platform.gpuUsd,
  },
  {
    id: "usd-per-million-tokens",
    label: "GPU cost per M tokens",
    unit: "usd",
    better: "less",
    of: ({ platform }) => platform.usdPerMillionTokens,
  },
  {
    id: "jain",
    label: "Jain's index",
    unit: "index",
    better: "more",
    of: ({ fairness }) => fairness.jainIndex,
  },
  {
    id: "token-bills",
    label: "Bills for tokens",
    unit: "usd",
    of: ({ tenants }) => tenants.reduce((sum, tenant) => sum + tokenUsd(tenant), 0),
  },
  {
    id: "bills",
    label: "Bills in all",
    unit: "usd",
    of: ({ platform, load }) => (load === undefined ? platform.revenueUsd : null),
  },
];

export const BILL_MEASURES: readonly Measure<TenantResult>[] = [
  { id: "tokens", label: "Tokens", unit: "usd", of: tokenUsd },
  {
    id: "total",
    label: "In all",
    unit: "usd",
    of: ({ cost }) => (cost.gpuUsd === null ? null : cost.totalUsd),
  },
];

/** Reasons for which any of the results rejected anything, in the order they are first met. */
export function rejectReasons(all: readonly Results[]): readonly string[] {
  const reasons = all.flatMap(({ platform }) =>
    platform.counts.rejectedByReason.map(({ reason }) => reason),
  );
  return [...new Set(reasons)];
}

function latencyMeasures(): readonly Measure<Judged>[] {
  return LATENCIES.flatMap(([id, name, of]): readonly Measure<Judged>[] => [
    {
      id: `${id}-p50`,
      label: `${name} P50`,
      unit: "ms",
      better: "less",
      of: ({ latency }) => of(latency).p50,
    },
    {
      id: `${id}-p99`,
      label: `${name} P99`,
      unit: "ms",
      better: "less",
      of: ({ latency }) => of(latency).p99,
    },
  ]);
}

function rejectedFor({ rejectedByReason }: CountBlock, reason: string): number {
  return rejectedByReason.find((entry) => entry.reason === reason)?.count ?? 0;
}

/** What the platform costs while it runs: of a pool that scales, by the replicas it had on average. */
export function usdPerHour({ pools, load }: Results): number | null {
  return load === undefined ? pools.reduce((sum, pool) => sum + poolUsdPerHour(pool), 0) : null;
}

function poolUsdPerHour({
  replicas,
  scaling,
  gpusPerReplica,
  gpuUsd,
  gpuHours,
}: PoolResult): number {
  const gpus = (scaling?.meanReplicas ?? replicas) * gpusPerReplica;
  return gpuHours === 0 ? 0 : (gpus * gpuUsd) / gpuHours;
}

/** The part of a bill that inside and outside can be compared in. */
function tokenUsd({ cost }: TenantResult): number {
  return cost.inputTokensUsd + cost.cachedInputTokensUsd + cost.outputTokensUsd;
}
