/**
 * What a run reports: the schema of results.json (documented in docs/results.md, versioned by `schemaVersion`). Written by
 * a collector from the engine's outcomes, read by the report room and by anyone's scripts. Times are milliseconds here,
 * and money dollars, for people read this file; names carry the unit. A quantile is null where there is no sample, never
 * 0. Nothing here depends on the wall clock, so that equal runs give equal bytes.
 */

import type { QuantileInterval } from "./quantile-interval.ts";

export const RESULTS_SCHEMA_VERSION = 1;

/** Quantiles come from a log-linear histogram: within 0.1 % of the exact order statistic. Mean and max are exact. */
export interface Distribution {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

export interface LatencyBlock {
  readonly ttftMs: Distribution;
  readonly tpotMs: Distribution;
  readonly e2eMs: Distribution;
  /** Arrival to the join of a running batch. */
  readonly queueMs: Distribution;
}

export interface TargetResult {
  readonly metric: "ttft" | "tpot" | "e2e" | "queue";
  readonly percentile: number;
  readonly limitMs: number;
  readonly measuredMs: number | null;
  /** "not-enough-data" below 100 samples: never reported as met. */
  readonly verdict: "met" | "missed" | "not-enough-data";
}

export interface SlaBlock {
  readonly targets: readonly TargetResult[];
  /** Share of completed requests that met every target; null without any. */
  readonly compliance: number | null;
  /**
   * As compliance, but what the platform owed and did not deliver counts as missed: refused for want of room (queue full,
   * shed), failed, given up by the client. What exceeded the tenant's own quotas does not. The verdict is about this.
   */
  readonly complianceOwed: number | null;
  readonly complianceWithRejections: number | null;
  readonly objective: number;
  /** (1 - complianceOwed) / (1 - objective): above 1 the error budget is overspent. Null without data. */
  readonly errorBudgetBurn: number | null;
  /** Completed requests per second that met every target. */
  readonly goodputPerS: number;
  readonly verdict: "met" | "missed" | "not-enough-data";
}

export interface CountBlock {
  readonly arrived: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly rejected: number;
  /** By reason code, in a fixed order; reasons that did not occur are left out. */
  readonly rejectedByReason: readonly { readonly reason: string; readonly count: number }[];
  /** Null, here and below: a client cannot see them. */
  readonly preemptions: number | null;
  /** Prompt and output tokens whose context was computed again after a preemption or a crash. */
  readonly recomputedTokens: number | null;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  /** cachedPromptTokens / promptTokens; null without any. */
  readonly prefixHitRate: number | null;
  readonly outputTokens: number;
}

/** Null: unknown to whoever measured, a load generator that sees tokens and no GPU; the total is then of what is known. */
export interface CostBlock {
  readonly gpuUsd: number | null;
  readonly inputTokensUsd: number;
  readonly cachedInputTokensUsd: number;
  readonly outputTokensUsd: number;
  readonly adaptersUsd: number | null;
  /** Idle time of the tenant's dedicated pools, and its share of spread idle time. */
  readonly idleUsd: number | null;
  /** Time of its dedicated pools that others used and paid for. Not in the total: without lending it would have been idle. */
  readonly lentUsd: number | null;
  readonly totalUsd: number;
  /** What the GPU part would be if every step were divided by 1/batch size. */
  readonly gpuUsdByBatchShare: number | null;
  readonly gpuSeconds: number | null;
  /** What its cached tokens would have cost more at the price of computed ones. */
  readonly cacheSavedUsd: number;
  readonly usdPerMillionTokens: number | null;
}

export interface TenantResult {
  readonly name: string;
  readonly tier: string;
  readonly pools: readonly string[];
  readonly weight: number;
  readonly counts: CountBlock;
  readonly latency: LatencyBlock;
  readonly sla: SlaBlock;
  readonly cost: CostBlock;
  /** Weighted service: (input weight x input tokens + output weight x output tokens) delivered. */
  readonly service: number;
  readonly serviceShare: number;
  /** Of its pools' tenants, by weight (tier weight x tenant weight), for comparison with serviceShare. */
  readonly weightShare: number;
  /** Null: a client cannot see them. */
  readonly adapterHits: number | null;
  readonly adapterLoads: number | null;
}

export interface TierResult {
  readonly name: string;
  readonly weight: number;
  readonly counts: CountBlock;
  readonly latency: LatencyBlock;
  readonly sla: SlaBlock;
  /** Of each target's quantile, in the order of `sla.targets`. */
  readonly intervals: readonly QuantileInterval[];
  readonly costUsd: number;
  readonly cacheSavedUsd: number;
}

export interface UtilizationBlock {
  /** Busy GPU time / provisioned GPU time. Flatters: one sequence makes a GPU busy. */
  readonly busy: number;
  /** FLOPs done / peak; memory bytes moved / peak. Over provisioned time. */
  readonly mfu: number;
  readonly memoryBandwidth: number;
  /** Mean share of KV blocks in use, over time while busy. */
  readonly kvBlocks: number;
  readonly meanBatch: number;
}

/** Throughput beside what the same fleet gives of the same mix with every queue backlogged. Tokens are computed ones. */
export interface SaturationBlock {
  readonly tokensPerS: number;
  /** Mean throughput while requests arrived, and in the 24th of that time in which most did, as shares of tokensPerS. */
  readonly meanShare: number;
  readonly peakShare: number;
  readonly peakStartS: number;
  readonly peakSeconds: number;
}

export interface ReplicaResult {
  readonly name: string;
  readonly pool: string;
  readonly steps: number;
  readonly completed: number;
  readonly utilization: UtilizationBlock;
  readonly provisionedSeconds: number;
  readonly downSeconds: number;
  readonly kvPressureEvents: number;
}

/** What autoscaling did, and what it saved against running the most replicas all the time. */
export interface ScalingBlock {
  readonly min: number;
  readonly max: number;
  /** Replicas provisioned, averaged over the run. */
  readonly meanReplicas: number;
  /** Replicas taken on, and begun to be given back. */
  readonly scaleOuts: number;
  readonly scaleIns: number;
  /** GPU time not provisioned: what the same pool at a fixed `max` would have cost more. */
  readonly savedGpuHours: number;
  readonly savedUsd: number;
}

export interface PoolResult {
  readonly name: string;
  readonly kind: "dedicated" | "shared";
  readonly owner: string | null;
  readonly model: string;
  readonly gpu: string;
  readonly replicas: number;
  readonly gpusPerReplica: number;
  readonly utilization: UtilizationBlock;
  readonly gpuHours: number;
  readonly gpuUsd: number;
  readonly chargedUsd: number;
  /** With chargedUsd they add up to gpuUsd: between steps, down, booting, and spent on work done twice or in vain. */
  readonly idleUsd: number;
  readonly downUsd: number;
  readonly bootUsd: number;
  readonly recomputedUsd: number;
  /** GPU time behind recomputedUsd, of all the pool's GPUs. */
  readonly recomputedGpuSeconds: number;
  /** Busy time in steps larger than any its profile was made of, as a share; null where times are not of a profile. */
  readonly extrapolatedShare: number | null;
  /** Null for a pool of fixed size. */
  readonly scaling: ScalingBlock | null;
  /** GPUs that this demand needs by the allocator's formula, at its stated utilization. */
  readonly requiredGpus: number;
  /** Of a dedicated pool's GPU time, the share that tenants other than its owner used. */
  readonly lentShare: number;
  readonly adapterLoads: number;
  readonly adapterHitRate: number | null;
}

/** Equal slices of the run, for charts: values per slice, index by index. At most 240 slices. */
export interface Timeline {
  readonly sliceSeconds: number;
  /** Start of each slice, seconds since the run began. */
  readonly startS: readonly number[];
  readonly tenants: readonly {
    readonly name: string;
    readonly arrivedPerS: readonly number[];
    readonly completedPerS: readonly number[];
    readonly rejectedPerS: readonly number[];
    /** Of requests that got their first token in the slice; null where none did. */
    readonly ttftMsP50: readonly (number | null)[];
    readonly ttftMsP99: readonly (number | null)[];
    /** Waiting at the end of the slice. */
    readonly queued: readonly number[];
  }[];
  readonly pools: readonly {
    readonly name: string;
    readonly busy: readonly number[];
    /** Prompt and output tokens computed. */
    readonly tokensPerS: readonly number[];
    readonly running: readonly number[];
    readonly queued: readonly number[];
    readonly replicasUp: readonly number[];
    /** Paid for at the end of the slice: those that boot, drain or are down included. */
    readonly replicasProvisioned: readonly number[];
    /** Replicas at which the risk would be at the scale-out threshold; null where the pool does not scale. */
    readonly replicasNeeded: readonly (number | null)[];
  }[];
}

export interface FairnessBlock {
  /** Jain's index over (service delivered / weight) of tenants that were backlogged; 1 is perfectly fair. */
  readonly jainIndex: number | null;
  /** Largest |W_f/w_f - W_g/w_g| seen between two continuously backlogged tenants of a pool; null when none were. */
  readonly maxWeightedServiceGap: number | null;
  /** What was proven for that pair (engine/fairness.ts); null when there was no pair. */
  readonly serviceGapBound: number | null;
  readonly pair: readonly [string, string] | null;
}

export interface AttributionBlock {
  /** 1 - 1/2 sum |billed - true| / sum true over tenants, where true comes from a hidden, noisy replica. Null: no audit. */
  readonly accuracy: number | null;
  /** The same for the 1/batch-size rule. */
  readonly accuracyByBatchShare: number | null;
  readonly auditedRequests: number;
  readonly stepNoise: number;
  readonly coefficientError: number;
}

/** Of a run whose bills nobody audited. */
export const NO_AUDIT: AttributionBlock = {
  accuracy: null,
  accuracyByBatchShare: null,
  auditedRequests: 0,
  stepNoise: 0,
  coefficientError: 0,
};

export interface PlatformEvent {
  readonly atS: number;
  readonly kind:
    | "noisy-neighbour"
    | "noisy-neighbour-ended"
    | "mitigation-tightened"
    | "mitigation-relaxed"
    | "mitigation-ended"
    | "replica-down"
    | "replica-up"
    | "replica-slow"
    | "replica-slow-ended"
    | "scale-out"
    | "scale-in"
    | "replica-released"
    | "straggler"
    | "straggler-ended";
  readonly tenant: string | null;
  readonly aggressor: string | null;
  readonly pool: string | null;
  readonly replica: string | null;
  /** A full sentence with the numbers behind it. */
  readonly message: string;
  /** What was measured when it was decided; null where the event is not about a noisy neighbour, or about its end. */
  readonly evidence: EventEvidence | null;
  /** The measure that came or went; null but for mitigation. */
  readonly action: "in-flight-cap" | "replica-confinement" | "admission-throttle" | null;
}

export interface EventEvidence {
  readonly metric: "ttft" | "tpot" | "e2e" | "queue";
  readonly percentile: number;
  /** The victim's percentile over its last requests; null while there are too few. */
  readonly measuredMs: number | null;
  readonly limitMs: number;
  /** Of its requests of the last ten checks and the head of its queue (`lateOf`), those over the limit times victimFactor. */
  readonly late: number;
  readonly lateOf: number;
  /** Parts of what is asked of the pool, and parts due: the tier's guarantee, divided by weight. */
  readonly victimShare: { readonly asked: number; readonly due: number };
  readonly aggressorShare: { readonly asked: number; readonly due: number };
}

/** How a load generator measured, and how well it kept up: what its figures may be trusted with. */
export interface LoadBlock {
  readonly url: string;
  readonly endpoint: "chat" | "completions";
  /** How output lengths were asked for: by an exact hint, or by max_tokens with end-of-sequence ignored. */
  readonly lengths: "hint" | "max-tokens";
  /** How late requests were sent. Latencies count from the intended time, so lateness is in them and never hidden. */
  readonly sendLagMs: Distribution;
  /** How late the generator's own event loop was: what it may add to a time it reads. */
  readonly loopLagMsP99: number;
  readonly keptUp: boolean;
  /** False: stopped by hand before the workload ended. */
  readonly isComplete: boolean;
  readonly mostInFlight: number;
  /** Answers without a usage record, whose tokens are counted from what was streamed: bills rest on an estimate there. */
  readonly uncountedAnswers: number;
  /** Completed answers with another number of tokens than was asked for. */
  readonly otherLengths: number;
  /** What came instead of an answer, most frequent first. */
  readonly errors: readonly LoadError[];
}

export interface LoadError {
  /** HTTP status; null where the connection failed or broke. */
  readonly status: number | null;
  readonly code: string;
  /** The reason it was counted under; null where it counts as a failure. */
  readonly reason: string | null;
  readonly message: string;
  readonly count: number;
}

export interface ScenarioOrigin {
  readonly file: string;
  readonly overrides: readonly string[];
}

export interface Results {
  readonly schemaVersion: typeof RESULTS_SCHEMA_VERSION;
  readonly tenantryVersion: string;
  readonly scenario: {
    readonly name: string;
    readonly description: string;
    readonly hash: string;
    readonly seed: number;
    /** What it was run from by hand: the file's name without its folder, and the --set values. Absent in a planner's runs. */
    readonly source?: ScenarioOrigin;
  };
  readonly policy: string;
  readonly run: {
    readonly simulatedSeconds: number;
    /** Until when requests arrived: what rates are taken over. */
    readonly arrivalSeconds: number;
    readonly warmupSeconds: number;
    readonly requests: number;
    readonly skippedTraceRows: number;
  };
  readonly platform: {
    readonly counts: CountBlock;
    readonly latency: LatencyBlock;
    /** Null here and below: a client cannot see GPUs. */
    readonly utilization: UtilizationBlock | null;
    /** Null: not measured (of a live run, or of traces, whose lengths come with their arrivals). */
    readonly saturation: SaturationBlock | null;
    readonly gpus: number | null;
    readonly gpuHours: number | null;
    readonly gpuUsd: number | null;
    readonly chargedGpuUsd: number | null;
    /** GPU time that is not charged as use: between steps, down, booting, and spent on work done twice or in vain. */
    readonly idleUsd: number | null;
    readonly downUsd: number | null;
    readonly bootUsd: number | null;
    readonly recomputedUsd: number | null;
    readonly recomputedGpuSeconds: number | null;
    readonly revenueUsd: number;
    /** What tenants would have paid more without cached tokens, at token prices. */
    readonly cacheSavedUsd: number;
    readonly usdPerMillionTokens: number | null;
  };
  readonly tiers: readonly TierResult[];
  readonly tenants: readonly TenantResult[];
  readonly pools: readonly PoolResult[];
  readonly replicas: readonly ReplicaResult[];
  readonly fairness: FairnessBlock;
  readonly attribution: AttributionBlock;
  readonly timeline: Timeline;
  readonly events: readonly PlatformEvent[];
  /** Only of a run that `tenantry load` measured from outside; what a client cannot see is then null or empty. */
  readonly load?: LoadBlock;
}
