/**
 * The `platform` section: policy, tiers, tenants, prices; pools, models and GPUs stand in pool.ts and hardware.ts. Structure, units and defaults only; names that must
 * refer to something and sizes that must fit are checked in resolve/.
 */
import { z } from "zod";
import { gpu, model } from "./hardware.ts";
import { pool } from "./pool.ts";
import {
  bytes,
  bytesOrUnlimited,
  countOrUnlimited,
  duration,
  durationFrom,
  durationOr,
  named,
  positiveCount,
  positiveNumber,
  rateOrUnlimited,
  share,
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

export type TenantFile = z.output<typeof tenant>;
