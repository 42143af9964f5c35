/**
 * The platform as the engine sees it: resolved, validated, in base units (ns, bytes, tokens, nano-dollars), every name
 * already turned into an index into the arrays below. The scenario room writes it; the engine only reads it. A name
 * that does not resolve, a tenant without a pool or a model that does not fit never gets this far.
 */
import type { GpuSpec, ModelSpec, Parallelism } from "../replica/hardware.ts";
import type { StepModel } from "../replica/step-model.ts";

export type PolicyName = "fcfs" | "strict-priority" | "tier-share" | "vtc" | "slo-fair";

export interface PolicyConfig {
  readonly name: PolicyName;
  /** What one input and one output token add to a tenant's service counter (VTC's w_p and w_q). */
  readonly inputTokenWeight: number;
  readonly outputTokenWeight: number;
  /** Most times one request may be evicted in favour of another tier, or of the owner of the replica it was lent. */
  readonly maxPreemptions: number;
  /** `slo-fair` only: how long a higher tier may run ahead of its share before a backlogged lower tier gets its own. */
  readonly shareWindowNs: number;
}

export type LatencyMetric = "ttft" | "tpot" | "e2e" | "queue";

export interface SlaTarget {
  readonly metric: LatencyMetric;
  /** For example 99: the percentile that must stay within the limit. */
  readonly percentile: number;
  readonly limitNs: number;
}

export interface TierConfig {
  readonly name: string;
  readonly weight: number;
  /** Every request is held against every target of its tier. */
  readonly targets: readonly SlaTarget[];
  /** Share of finished requests that must meet every target, for example 0.9999. */
  readonly objective: number;
  /** Longest predicted wait at which a request of this tier is still taken in; Infinity never sheds. */
  readonly shedAboveWaitNs: number;
}

export interface QuotaConfig {
  /** Requests per second (GCRA), and how many may come at once. Infinity where there is no limit. */
  readonly maxQps: number;
  readonly burst: number;
  readonly maxConcurrentRequests: number;
  readonly maxTokensPerDay: number;
  readonly maxTokensPerMinute: number;
  readonly maxSpendNanoUsdPerMonth: number;
  /** KV cache and adapters of the tenant, over all replicas. */
  readonly maxGpuMemoryBytes: number;
  /** Hard reserves prompt + longest output and never overshoots; soft reserves the recent p90 output. */
  readonly enforcement: "hard" | "soft";
  /** Requests that may wait in the tenant's queue; one more is rejected. */
  readonly maxQueuedRequests: number;
}

export interface AdapterConfig {
  readonly name: string;
  readonly bytes: number;
}

export interface TenantConfig {
  readonly name: string;
  /** Index into PlatformConfig.tiers. */
  readonly tier: number;
  /** Within its tier. */
  readonly weight: number;
  /** Indices into PlatformConfig.pools; a request goes to the one that serves its model. Never empty. */
  readonly pools: readonly number[];
  readonly quotas: QuotaConfig;
  readonly adapters: readonly AdapterConfig[];
  /** Longest output of a request that states none, tokens. */
  readonly defaultMaxOutputTokens: number;
}

export interface PoolConfig extends Parallelism {
  readonly name: string;
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly gpusPerReplica: number;
  /** All there can be: with autoscaling, those that are off included. */
  readonly replicas: number;
  readonly autoscale: AutoscaleConfig | undefined;
  /** Devices of one machine, which fail together. */
  readonly gpusPerNode: number;
  /** The tenant a dedicated pool belongs to; undefined for a shared one. */
  readonly owner: number | undefined;
  /** A dedicated pool whose idle replicas tenants of lower tiers may use (allocation/lending.ts says when). */
  readonly lend: boolean;
  /** Guaranteed share per tier (same order as PlatformConfig.tiers), summing to at most 1. All zero when dedicated. */
  readonly tierShares: readonly number[];
  /** Whether a tier may use what others leave of a shared pool (false: shares are hard caps). */
  readonly borrowing: boolean;
  readonly stepModel: StepModel;
  /** vLLM's max_num_seqs: sequences in a running batch. */
  readonly maxNumSeqs: number;
  /** vLLM's max_num_batched_tokens: tokens computed in one step. */
  readonly maxNumBatchedTokens: number;
  readonly edgeOverhead: EdgeOverhead;
  /** vLLM's async_scheduling: the next step is scheduled while one runs, and whoever joins meanwhile is in the one after. */
  readonly asyncScheduling: boolean;
  /** KV blocks per replica, and tokens and bytes per block (bytes over all GPUs of the replica). */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly blockBytes: number;
  /** Whether replicas keep blocks for prompts that begin alike, and who may find a tenant's: itself, or all of the pool. */
  readonly prefixCaching: boolean;
  readonly prefixSharing: "tenant" | "pool";
  /** Memory set aside for LoRA adapters on each replica. */
  readonly adapterBudgetBytes: number;
  readonly gpuHourNanoUsd: number;
  /** Whether an evicted sequence can go on later; where not (a server that streams to clients), nobody is ever pushed out. */
  readonly resumable: boolean;
  /** Who bears a shared pool's idle time: the platform, or its tenants by their share of GPU time. */
  readonly idleCost: "platform" | "spread";
}

/**
 * Time at the HTTP front of a pool's replicas, simulated as a wait before the queue: parsing and tokenising a request, and, for
 * every sequence running on its replica, the tokens that the front has to send on each step.
 */
export interface EdgeOverhead {
  readonly requestNs: number;
  readonly runningNs: number;
}

/** When a pool takes on replicas and gives them back. Risks are shares: 1 is a missed target or a full pool. */
export interface AutoscaleConfig {
  /** Replicas kept whatever the load, and those that run at the start. The most there can be is PoolConfig.replicas. */
  readonly min: number;
  readonly initial: number;
  /** From asking for a replica to its first request: a machine, an engine, the model's weights. */
  readonly provisioningDelayNs: number;
  /** Scale out when the risk has been above this for that long. */
  readonly scaleOutAbove: number;
  readonly scaleOutAfterNs: number;
  /** Scale in when the risk that one replica fewer would run has been below this for that long. */
  readonly scaleInBelow: number;
  readonly scaleInAfterNs: number;
  /** Least time from scaling out to the next change, and from scaling in to scaling in again. */
  readonly cooldownNs: number;
  /** Time constant over which the risk is averaged; 0 takes it as it is at each check. */
  readonly smoothingNs: number;
}

/** Prices of one token in nano-dollars ($0.0001 per 1K tokens is 100 nano-dollars a token). */
export interface PriceConfig {
  readonly inputTokenNanoUsd: number;
  readonly cachedInputTokenNanoUsd: number;
  readonly outputTokenNanoUsd: number;
  readonly adapterHourNanoUsd: number;
}

export interface IsolationConfig {
  /** How often tenants are examined. */
  readonly checkEveryNs: number;
  /** A victim's P99 exceeds this multiple of its target. */
  readonly victimFactor: number;
  /** Whether aggressors are held back, or only named. */
  readonly mitigate: boolean;
  /** Checks with suffering before the next measure, and checks in a row without before one is taken back. */
  readonly tightenAfterChecks: number;
  readonly relaxAfterChecks: number;
}

export interface PlatformConfig {
  readonly policy: PolicyConfig;
  /** Highest first. */
  readonly tiers: readonly TierConfig[];
  readonly tenants: readonly TenantConfig[];
  readonly pools: readonly PoolConfig[];
  readonly prices: PriceConfig;
  readonly isolation: IsolationConfig;
}
