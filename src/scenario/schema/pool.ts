/**
 * `platform.pools`: replicas of one model on one kind of GPU. The knobs of an engine have vLLM's names, so that the flags
 * of a running server carry over.
 */
import { z } from "zod";
import { modelConfig } from "./hardware.ts";
import { bytes, duration, positiveCount, positiveNumber, share, usdPerHour } from "./values.ts";
import { stepTimes } from "./step-times.ts";

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
  .superRefine(({ scaleInBelow, scaleOutAbove }, context) => {
    if (scaleInBelow < scaleOutAbove) return;
    context.addIssue(
      `expected scaleInBelow (here ${scaleInBelow}) to be less than scaleOutAbove (here ${scaleOutAbove}), or the pool would scale out and in for ever`,
    );
  });

export const pool = z.strictObject({
  model: z
    .union(
      [
        z.string(),
        z.strictObject({
          config: modelConfig,
          name: z
            .string()
            .min(1)
            .optional()
            .describe("What clients ask for. Default: the file's folder, or the file."),
        }),
      ],
      { error: "expected a model's name, or { config: path/to/config.json }" },
    )
    .describe(
      "Model the pool serves: one of the catalogue (tenantry models), by its name or that of a Hugging Face repository; one of platform.models; or { config: path/to/config.json }.",
    ),
  precision: z
    .enum(["bf16", "fp8", "int4", "mxfp4"])
    .optional()
    .describe("Of the weights. Default: as the checkpoint has them."),
  kvCacheDtype: z
    .enum(["bf16", "fp8"])
    .default("bf16")
    .describe("Precision of the KV cache (vLLM kv_cache_dtype)."),
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
    .describe(
      "GPUs of one machine, which fail together (faults.node); a replica that spans several is warned about. HGX boards have 8.",
    ),
  tensorParallel: z
    .int()
    .positive()
    .default(1)
    .describe("GPUs that split every matrix among them (vLLM tensor_parallel_size)."),
  dataParallel: z
    .int()
    .positive()
    .default(1)
    .describe(
      "Mixtures of experts: groups of tensorParallel GPUs with sequences of their own and shared experts, one replica together (vLLM data_parallel_size).",
    ),
  expertParallel: z
    .boolean()
    .default(false)
    .describe(
      "Whether experts are kept whole and spread over the replica's GPUs, instead of each being split (vLLM enable_expert_parallel).",
    ),
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
    .describe("Sequences in a running batch, per data-parallel group (vLLM max_num_seqs)."),
  maxNumBatchedTokens: z
    .int()
    .positive()
    .default(2048)
    .describe(
      "Tokens computed in one step, per data-parallel group (vLLM max_num_batched_tokens).",
    ),
  maxModelLen: positiveCount()
    .optional()
    .describe(
      "Longest context, prompt and output together (vLLM max_model_len). Default: the model's.",
    ),
  asyncScheduling: z
    .boolean()
    .optional()
    .describe(
      "Whether the next step is scheduled while one runs (vLLM async_scheduling), so that a new request waits one step more. Default: true, as in vLLM from 0.14 on; false where stepTime gives coefficients.",
    ),
  edgeOverhead: z
    .strictObject({
      request: duration().prefault("0s").describe("Per request: parsing, tokenising."),
      running: duration()
        .prefault("0s")
        .describe("Per sequence that its replica runs: their tokens are sent first."),
    })
    .optional()
    .describe(
      "Time at the engine's HTTP front, part of a request's latencies and not of GPU time. Default: as measured before vLLM; none with stepTime.",
    ),
  gpuMemoryUtilization: share()
    .prefault("90%")
    .describe("Share of GPU memory the replica may use (vLLM gpu_memory_utilization)."),
  blockSize: z
    .int()
    .positive()
    .default(16)
    .describe("Tokens per KV-cache block (vLLM block_size)."),
  numGpuBlocksOverride: z
    .int()
    .positive()
    .optional()
    .describe(
      "KV-cache blocks of a replica, per data-parallel group, instead of what memory leaves (vLLM num_gpu_blocks_override).",
    ),
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
  stepTime: stepTimes
    .optional()
    .describe("Measured step time. Default: derived from model and GPU."),
});

export type PoolFile = z.output<typeof pool>;
