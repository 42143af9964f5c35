/**
 * The `platform` section: policy, tiers, pools, tenants, prices. Structure, units and defaults only; names that must
 * refer to something and sizes that must fit are checked in resolve/.
 */
import { z } from "zod";
import {
  bytes,
  bytesOrUnlimited,
  bytesPerS,
  countOrUnlimited,
  duration,
  durationFrom,
  durationOr,
  flopsPerS,
  named,
  positiveCount,
  positiveNumber,
  rateOrUnlimited,
  share,
  stepTime,
  usdOrUnlimited,
  usdPerHour,
  usdPerToken,
} from "./values.ts";

export const policyName = z.enum(["fcfs", "strict-priority", "tier-share", "vtc", "slo-fair"]);

/**
 * Token weights 1 and 2 are those of the virtual token counter's evaluation (Sheng et al., OSDI 2024). Two evictions per
 * request are assumed: more protect higher tiers further, at the price of recomputed work. So is the second in which a
 * higher tier may run ahead: longer lets its bursts pass, shorter gives lower tiers their share sooner.
 */
const POLICY_DEFAULTS = {
  inputTokenWeight: 1,
  outputTokenWeight: 2,
  maxPreemptions: 2,
  shareWindow: 1_000_000_000,
};

const policy = z
  .union([
    policyName,
    z.strictObject({
      name: policyName.describe("Scheduling policy."),
      inputTokenWeight: z
        .number()
        .nonnegative()
        .default(POLICY_DEFAULTS.inputTokenWeight)
        .describe("Service charged to a tenant per input token."),
      outputTokenWeight: z
        .number()
        .nonnegative()
        .default(POLICY_DEFAULTS.outputTokenWeight)
        .describe("Service charged to a tenant per output token."),
      maxPreemptions: z
        .int()
        .nonnegative()
        .default(POLICY_DEFAULTS.maxPreemptions)
        .describe(
          "Most evictions of one request for another tier, or for the owner of a lent replica.",
        ),
      shareWindow: duration()
        .prefault("1s")
        .describe(
          "slo-fair only: how far a higher tier may run ahead of its share while others wait.",
        ),
    }),
  ])
  .transform((value) => {
    const { shareWindow, ...rest } =
      typeof value === "string" ? { name: value, ...POLICY_DEFAULTS } : value;
    return { ...rest, shareWindowNs: shareWindow };
  })
  .prefault("slo-fair")
  .describe(
    "Who is served next: fcfs, strict-priority, tier-share, vtc or slo-fair (default), or a map with its settings.",
  );

const target = z
  .strictObject({
    ttft: duration().optional().describe("Limit on time to first token."),
    tpot: duration().optional().describe("Limit on time per output token after the first."),
    e2e: duration().optional().describe("Limit on arrival to last token."),
    queue: duration().optional().describe("Limit on waiting before the request joins a replica."),
    percentile: z
      .number()
      .gt(0)
      .lte(100)
      .default(99)
      .describe("Percentile that must stay within the limit."),
  })
  .superRefine((value, context) => {
    const given = METRICS.filter((metric) => value[metric] !== undefined);
    if (given.length === 1) return;
    const got = given.length === 0 ? "none" : given.join(" and ");
    context.addIssue({
      code: "custom",
      message: `expected exactly one of ${METRICS.join(", ")}, got ${got}`,
    });
  });

export const METRICS = ["ttft", "tpot", "e2e", "queue"] as const;

const tier = z.strictObject({
  weight: positiveNumber().describe("Share of service relative to the other tiers."),
  targets: z.array(target).default([]).describe("Latency targets; a request must meet every one."),
  objective: share()
    .prefault("99%")
    .describe("Share of finished requests that must meet every target."),
  shedAboveWait: durationOr("never")
    .prefault("never")
    .describe("Reject a request whose predicted wait is longer than this."),
});

/** Design defaults: P99 TTFT 50, 100 and 500 ms, weights 50/30/20, objectives 99.99, 99.5 and 99 %. */
export const DEFAULT_TIERS = {
  gold: { weight: 50, targets: [{ ttft: "50ms", percentile: 99 }], objective: "99.99%" },
  silver: { weight: 30, targets: [{ ttft: "100ms", percentile: 99 }], objective: "99.5%" },
  bronze: { weight: 20, targets: [{ ttft: "500ms", percentile: 99 }], objective: "99%" },
};

const model = z.strictObject({
  parameters: positiveCount().describe("All parameters, for example 8.03B."),
  activeParameters: positiveCount()
    .optional()
    .describe("Parameters used per token, where fewer (mixture of experts)."),
  layers: z.int().positive().describe("Transformer layers."),
  hiddenSize: z.int().positive().describe("Width of the residual stream."),
  attentionHeads: z.int().positive().describe("Query heads."),
  kvHeads: z.int().positive().describe("Key and value heads."),
  headSize: z.int().positive().describe("Width of one head."),
  ffnSize: z
    .int()
    .positive()
    .optional()
    .describe("Width of the feed-forward layer; sizes adapters given by rank."),
  maxContext: positiveCount().describe("Longest context, prompt and output together, tokens."),
});

const gpu = z.strictObject({
  bf16: flopsPerS().describe("Dense (not sparse) BF16 tensor rate."),
  fp8: flopsPerS().optional().describe("Dense FP8 tensor rate; leave out where the GPU has none."),
  memory: bytes().describe("Device memory."),
  memoryBandwidth: bytesPerS().describe("Device memory bandwidth."),
  nvlink: bytesPerS()
    .optional()
    .describe("To the other GPUs of its node, one direction; leave out for PCIe only."),
  pcie: bytesPerS().describe("Host to device, one direction."),
});

/** Larger pools and batches exist nowhere; beyond these, a slip of the keyboard costs minutes and gigabytes. */
const MOST_REPLICAS = 4096;
const MOST_SEQUENCES = 16_384;

/**
 * Five quiet minutes before scaling in is Kubernetes' default. The rest is assumed: a minute to start an engine and load
 * some 16 GB of weights, a risk that leaves 30 % of the slack while a replica boots, and a projected risk well below it.
 */
const SCALE_OUT_ABOVE = 0.7;
const SCALE_IN_BELOW = 0.5;

const autoscale = z
  .strictObject({
    min: z.int().positive().describe("Replicas kept whatever the load."),
    max: z.int().positive().max(MOST_REPLICAS).describe("Most replicas at once."),
    provisioningDelay: duration()
      .prefault("60s")
      .describe("From asking for a replica to its first request; paid for."),
    scaleOutAbove: positiveNumber()
      .max(1)
      .default(SCALE_OUT_ABOVE)
      .describe("Scale out when the risk (1: a missed target or a full pool) is above this."),
    scaleOutAfter: duration().prefault("10s").describe("For how long it must have been."),
    scaleInBelow: positiveNumber()
      .max(1)
      .default(SCALE_IN_BELOW)
      .describe("Scale in when the risk with one replica fewer would be below this."),
    scaleInAfter: duration().prefault("5min").describe("For how long it must have been."),
    cooldown: duration()
      .prefault("30s")
      .describe(
        "Least time after scaling before the next change in the same direction or inwards.",
      ),
    smoothing: duration()
      .prefault("10s")
      .describe("Time constant over which the risk is averaged; 0s takes it as it is."),
  })
  .refine(({ min, max }) => min <= max, {
    error: "expected max to be at least min",
    path: ["max"],
  })
  .refine(({ scaleInBelow, scaleOutAbove }) => scaleInBelow < scaleOutAbove, {
    error: `expected scaleInBelow (${SCALE_IN_BELOW} by default) to be less than scaleOutAbove (${SCALE_OUT_ABOVE}), or the pool would scale out and in for ever`,
  });

const pool = z.strictObject({
  model: z.string().describe("Model the pool serves: one of the catalogue or of platform.models."),
  precision: z
    .enum(["bf16", "fp8"])
    .default("bf16")
    .describe("Precision of the weights; the KV cache is BF16."),
  gpu: z.string().describe("GPU type: one of the catalogue or of platform.gpus."),
  replicas: z
    .int()
    .positive()
    .max(MOST_REPLICAS)
    .describe("Running instances of the model; with autoscale, those at the start."),
  autoscale: autoscale
    .optional()
    .describe("Takes on and gives back replicas by predicted SLA risk. Default: a fixed number."),
  gpusPerNode: z
    .int()
    .positive()
    .default(8)
    .describe("GPUs of one machine, which fail together (faults.node). HGX boards have 8."),
  tensorParallel: z.int().positive().default(1).describe("GPUs per replica."),
  dedicatedTo: z
    .string()
    .optional()
    .describe("The tenant this pool belongs to; leave out for a shared pool."),
  tierShares: z
    .record(z.string(), share())
    .optional()
    .describe(
      "Shared pools: guaranteed share per tier, at most 100% together. Default: by tier weight.",
    ),
  lend: z
    .boolean()
    .default(false)
    .describe(
      "Dedicated pools: whether tenants of shared pools may use what the owner leaves idle.",
    ),
  borrowing: z
    .boolean()
    .default(true)
    .describe("Whether a tier may use what others leave; false makes shares hard caps."),
  maxNumSeqs: z
    .int()
    .positive()
    .max(MOST_SEQUENCES)
    .default(256)
    .describe("Sequences in a running batch (vLLM max_num_seqs)."),
  maxNumBatchedTokens: z
    .int()
    .positive()
    .default(2048)
    .describe("Tokens computed in one step (vLLM max_num_batched_tokens)."),
  gpuMemoryUtilization: share()
    .prefault("90%")
    .describe("Share of GPU memory the replica may use."),
  blockSize: z.int().positive().default(16).describe("Tokens per KV-cache block."),
  enablePrefixCaching: z
    .boolean()
    .default(true)
    .describe("Whether prompts that begin alike share KV blocks (vLLM enable_prefix_caching)."),
  prefixSharing: z
    .enum(["tenant", "pool"])
    .default("tenant")
    .describe("Who finds a tenant's cached prefixes: itself alone, or every tenant of the pool."),
  adapterMemory: bytes()
    .optional()
    .describe(
      "Memory for LoRA adapters per replica. Default: room for all adapters of its tenants, at most 4GiB.",
    ),
  idleCost: z
    .enum(["platform", "spread"])
    .default("platform")
    .describe(
      "Who bears a shared pool's idle time: platform overhead, or its tenants by share of use.",
    ),
  gpuHour: usdPerHour().optional().describe("Price of one GPU-hour. Default: prices.gpuHour."),
  stepTime: z
    .strictObject({
      fixed: stepTime().prefault("0ps").describe("Per step."),
      perSequence: stepTime().prefault("0ps").describe("Per sequence in the step."),
      perToken: stepTime()
        .prefault("0ps")
        .describe("Per token computed in the step, prompt or output."),
      perContextToken: stepTime()
        .prefault("0ps")
        .describe("Per token of context of the decoding sequences."),
    })
    .refine((value) => value.fixed + value.perSequence + value.perToken > 0, {
      error: "a step would take no time: give fixed, perSequence or perToken",
    })
    .optional()
    .describe("Measured step time. Default: derived from model and GPU."),
});

const quotas = z.strictObject({
  maxQps: rateOrUnlimited().prefault("unlimited").describe("Requests per second."),
  burst: positiveCount()
    .optional()
    .describe("Requests that may come at once. Default: one second's worth of maxQps."),
  maxConcurrentRequests: countOrUnlimited().prefault("unlimited").describe("Requests in flight."),
  maxTokensPerDay: countOrUnlimited()
    .prefault("unlimited")
    .describe("Input and output tokens per day."),
  maxTokensPerMinute: countOrUnlimited()
    .prefault("unlimited")
    .describe("Input and output tokens per minute."),
  maxSpendPerMonth: usdOrUnlimited()
    .prefault("unlimited")
    .describe("Money per month, for example $1000."),
  maxGpuMemory: bytesOrUnlimited()
    .prefault("unlimited")
    .describe("KV cache and adapters held at once, over all replicas."),
  enforcement: z
    .enum(["hard", "soft"])
    .default("hard")
    .describe(
      "hard reserves the longest output and is never exceeded; soft reserves the usual output.",
    ),
  maxQueuedRequests: positiveCount()
    .prefault(10_000)
    .describe("Requests that may wait; one more is rejected."),
});

const adapter = z
  .strictObject({
    rank: z
      .int()
      .positive()
      .optional()
      .describe("LoRA rank, over all attention and feed-forward projections, BF16."),
    size: bytes().optional().describe("Size of the adapter, instead of its rank."),
  })
  .refine((value) => (value.rank === undefined) !== (value.size === undefined), {
    error: "expected exactly one of rank, size",
  });

const tenant = z.strictObject({
  tier: z.string().describe("Service class: one of platform.tiers."),
  weight: positiveNumber().default(1).describe("Share of service within its tier."),
  pools: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe(
      "Pools that serve it. Default: its dedicated pools, else the shared pools that give its tier a share.",
    ),
  quotas: quotas.prefault({}).describe("Limits; everything is unlimited by default."),
  adapters: named(adapter).default({}).describe("LoRA adapters of this tenant."),
  defaultMaxOutputTokens: positiveCount()
    .prefault(512)
    .describe("Longest output of a request that states none."),
});

/** Design defaults: $4 per GPU-hour, $0.0001 and $0.0002 per 1K tokens; cached input at half the input price, assumed. */
const prices = z.strictObject({
  inputTokens: usdPerToken().prefault("$0.0001/1k").describe("Price of prompt tokens."),
  cachedInputTokens: usdPerToken()
    .prefault("$0.00005/1k")
    .describe("Price of prompt tokens found in the prefix cache."),
  outputTokens: usdPerToken().prefault("$0.0002/1k").describe("Price of output tokens."),
  adapterHour: usdPerHour().prefault("$0/h").describe("Price of keeping one adapter loaded."),
  gpuHour: usdPerHour()
    .prefault("$4/h")
    .describe("Price of one GPU-hour, where a pool states none."),
});

const isolation = z.strictObject({
  checkEvery: durationFrom("10ms").prefault("1s").describe("How often tenants are examined."),
  victimFactor: positiveNumber()
    .default(1.5)
    .describe("A victim's P99 exceeds this multiple of its target."),
  mitigate: z
    .boolean()
    .default(true)
    .describe("Whether aggressors are held back while others suffer, or only named."),
  tightenAfter: z
    .int()
    .positive()
    .default(3)
    .describe("Checks in which victims still suffer before the next, harder measure."),
  relaxAfter: z
    .int()
    .positive()
    .default(10)
    .describe("Quiet checks in a row before a measure is taken back."),
});

export const platform = z.strictObject({
  policy,
  tiers: named(tier)
    .prefault(DEFAULT_TIERS)
    .describe("Service classes, highest first. Default: gold, silver, bronze."),
  models: named(model).default({}).describe("Models beside those of the catalogue."),
  gpus: named(gpu).default({}).describe("GPU types beside those of the catalogue."),
  pools: named(pool).describe("Sets of replicas of one model, dedicated to a tenant or shared."),
  tenants: named(tenant).describe("Customers."),
  prices: prices.prefault({}).describe("What tokens, adapters and GPUs cost."),
  isolation: isolation.prefault({}).describe("Noisy neighbours: how they are found and held back."),
});

export type PoolFile = z.output<typeof pool>;
export type TenantFile = z.output<typeof tenant>;
export type ModelFile = z.output<typeof model>;
