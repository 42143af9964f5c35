/**
 * Memory an engine takes beside weights and KV cache. Like vLLM at startup, it is the peak of two trial runs: one step of
 * the largest batch, and sampling for as many sequences as may run, which needs the logits of the whole vocabulary
 * several times over and is the larger one unless few sequences may run.
 */
import { gpuCount, type ModelSpec, type Parallelism } from "./hardware.ts";

const GIB = 1024 * 1024 * 1024;

/**
 * Bytes per sequence and word of the vocabulary in vLLM's trial of the sampler: 38.1 to 38.3 in all of Llama-3.1-8B,
 * Llama-3.3-70B, Qwen3-0.6B, Qwen3-32B and gpt-oss (llm-d/llm-d-benchmark, empirical-vllm-memory-results.md, commit
 * 2593348: 4.76, 4.84, 5.56, 5.64 and 7.38 GiB at 1,024 sequences on H100). With 256 sequences it gives the 1.40 GiB that
 * vLLM reported of Qwen2.5-Math-1.5B on L40S.
 */
const SAMPLER_BYTES_PER_LOGIT = 38.2;
/** Per token and value of the residual stream beside that: 0.08 GiB more at 8,192 tokens for every 4,096 of width there. */
const SAMPLER_BYTES_PER_HIDDEN_VALUE = 2.56;
/**
 * What a step takes whatever its batch. It is what four runs of vLLM 0.15.1 on H100 leave unexplained, 0.13 to 0.17 GiB
 * (Llama-2-7B, Llama-2-70B, CodeLlama-34B, Mixtral; public load tests of inference-sim/training, 2,048 tokens a step).
 * Sensitivity: 0.1 GiB is 0.2 % of the KV cache of an 8B model on an 80 GB GPU.
 */
const STEP_FIXED_BYTES = 0.15 * GIB;
const BYTES_PER_BF16 = 2;

/**
 * What libraries take outside PyTorch, and buffers for communication where there are several GPUs: 0.13 and 0.55 GiB
 * in the same measurements as SAMPLER_BYTES_PER_LOGIT.
 */
const RUNTIME_BYTES = 0.13 * GIB;
const COMMUNICATION_BYTES = 0.42 * GIB;

/**
 * Not part of the engine's share: the CUDA context (0.61 GiB in use before anything is loaded, same measurements), and CUDA
 * graphs, which vLLM captures last: 0.1 to 1.0 GiB there. From 0.21 on vLLM takes an estimate of them off the share.
 */
export const OUTSIDE_SHARE_BYTES = 0.61 * GIB + 0.6 * GIB;

export interface BatchLimits {
  /** Per data-parallel group, as vLLM counts them. */
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
}

/** Peak of activations on one GPU. */
export function activationBytesPerGpu(
  model: ModelSpec,
  parallel: Parallelism,
  { maxNumSeqs, maxNumBatchedTokens }: BatchLimits,
): number {
  const sampler =
    SAMPLER_BYTES_PER_LOGIT * maxNumSeqs * model.vocabulary +
    SAMPLER_BYTES_PER_HIDDEN_VALUE * maxNumBatchedTokens * model.hiddenSize;
  const widest = Math.max(attentionValues(model, parallel), feedForwardValues(model, parallel));
  const step =
    STEP_FIXED_BYTES + maxNumBatchedTokens * BYTES_PER_BF16 * (2 * model.hiddenSize + widest);
  return Math.max(sampler, step);
}

/** What the engine's process takes outside PyTorch on one GPU. */
export function runtimeBytesPerGpu(parallel: Parallelism): number {
  return RUNTIME_BYTES + (gpuCount(parallel) > 1 ? COMMUNICATION_BYTES : 0);
}

/** Values of one token that live at once around the attention: queries, keys, values. */
function attentionValues({ attention }: ModelSpec, { tensorParallel }: Parallelism): number {
  if (attention.kind === "grouped") {
    return ((attention.heads + 2 * attention.kvHeads) * attention.headSize) / tensorParallel;
  }
  const { heads, nopeHeadSize, ropeHeadSize, valueHeadSize } = attention;
  return (heads * (2 * (nopeHeadSize + ropeHeadSize) + valueHeadSize)) / tensorParallel;
}

/** Values of one token that live at once in the wider kind of feed-forward layer: gate, up and what becomes of them. */
function feedForwardValues({ feedForward }: ModelSpec, parallel: Parallelism): number {
  const { size, matrices, mixture } = feedForward;
  const dense = size / parallel.tensorParallel;
  if (mixture === undefined) return matrices * dense;
  const routed = (mixture.expertsPerToken * mixture.expertSize) / gpuCount(parallel);
  const shared = mixture.sharedSize / parallel.tensorParallel;
  return matrices * Math.max(dense, routed + shared);
}
