/**
 * The step-time model for a model and GPU that are merely named: a roofline (the larger of compute time and weight-reading
 * time) plus attention, KV reading, tensor-parallel all-reduce and overheads. Its few constants were read off public
 * operator tables of vLLM 0.14 on A100, H100 and L40S (NVIDIA aiconfigurator); they are shares of data-sheet peaks, so
 * they carry to GPUs that were not measured. Measured profiles can replace it behind the same interface.
 */
import { assert } from "../base/assert.ts";
import {
  type AttentionSpec,
  gpuCount,
  type GpuSpec,
  type ModelSpec,
  multiplyPrecision,
  type Parallelism,
} from "./hardware.ts";
import { kvBytesPerToken } from "./kv-size.ts";
import type { StepModel } from "./step-model.ts";
import { activeParameterCount, activeWeightBytes, weightBytes } from "./weights.ts";

/** Share of peak FLOP/s in dense layers at large batches: 0.80 to 0.98 in the operator tables (2,048 tokens, 8B). */
const COMPUTE_EFFICIENCY = 0.88;
/** Share of peak bandwidth when reading weights: 0.80 (L40S) to 0.84 (H100) in the operator tables (batch 1, 8B). */
const WEIGHT_READ_EFFICIENCY = 0.82;
/** Share of peak bandwidth when reading the KV cache: 0.95 on H100, batch 64, contexts of 128 to 4,096 tokens. */
const KV_READ_EFFICIENCY = 0.93;
/** Share of BF16 peak in prompt attention: 0.55 on H100 at 8,192 tokens. */
const ATTENTION_EFFICIENCY = 0.55;
/** Attention kernels' floor per layer: 0.35 ms over 32 layers on H100 at batch 1. */
const LAYER_OVERHEAD_PS = 11e6;
/** Scheduling, input preparation and sampling per step; assumed. TPOT of small batches moves one to one with it. */
const HOST_OVERHEAD_PS = 500e6;
/** One all-reduce of a small message over NVLink: about 10 us (70B on 4 H100: 1.6 ms over 160 all-reduces). */
const ALL_REDUCE_LATENCY_PS = 10e6;
const BYTES_PER_VALUE = 2;
const PS_PER_S = 1e12;

/**
 * Predicts step times of `model` on GPUs of one kind.
 * Bounds: tensorParallel >= 1, the GPU can run the model's precision. All coefficients are rounded once, here.
 */
export function rooflineStepModel(given: {
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly parallel: Parallelism;
}): StepModel {
  const { model, gpu, parallel } = given;
  const gpus = gpuCount(parallel);
  const peakFlopsPerS = gpu.flopsPerS[multiplyPrecision(model)] * gpus;
  assert(peakFlopsPerS > 0, "the GPU cannot run this precision");
  const bandwidth = gpu.memoryBytesPerS * gpus;
  const flopsPerToken = 2 * activeParameterCount(model);
  const computeTokenPs = (flopsPerToken * PS_PER_S) / (peakFlopsPerS * COMPUTE_EFFICIENCY);
  const weightBytePs = PS_PER_S / (bandwidth * WEIGHT_READ_EFFICIENCY);
  const allBytes = weightBytes(model);
  const activeBytes = activeWeightBytes(model);
  const pairFlops = flopsPerPair(model.attention) * model.layers;
  const pairPs = (pairFlops * PS_PER_S) / (gpu.flopsPerS.bf16 * gpus * ATTENTION_EFFICIENCY);
  const reduce = allReduce(model, gpu, parallel.tensorParallel);
  const overheadPs = HOST_OVERHEAD_PS + LAYER_OVERHEAD_PS * model.layers + reduce.latencyPs;
  return {
    contextTokenPs: Math.round(
      (kvBytesPerToken(model) * PS_PER_S) / (bandwidth * KV_READ_EFFICIENCY),
    ),
    flopsPerToken,
    weightBytesPerStep: activeBytes,
    contextTokenBytes: kvBytesPerToken(model),
    cost(batch, cost) {
      const tokens = batch.decodes + batch.prefillTokens;
      // A mixture of experts reads the experts its tokens reach: all of them once the batch is large.
      const weightsPs = weightBytePs * Math.min(allBytes, activeBytes * tokens);
      const computePs = computeTokenPs * tokens;
      const attentionPs = pairPs * batch.prefillPairs;
      const ownPs = computePs + reduce.tokenPs * tokens;
      // Where reading weights takes longer than computing, the difference is nobody's token: everyone waits for it.
      const fixedPs = overheadPs + Math.max(0, weightsPs - computePs);
      cost.fixedPs = fixedPs;
      cost.attentionPs = attentionPs;
      cost.totalPs = Math.round(fixedPs + ownPs + attentionPs);
    },
  };
}

/** Of one layer: a query times a key, and a weight times a value, in every head. */
function flopsPerPair(attention: AttentionSpec): number {
  const { heads } = attention;
  if (attention.kind === "grouped") return 4 * heads * attention.headSize;
  const { nopeHeadSize, ropeHeadSize, valueHeadSize } = attention;
  return 2 * heads * (nopeHeadSize + ropeHeadSize + valueHeadSize);
}

/** Two all-reduces per layer; a ring moves 2(t-1)/t of the message over each link. */
function allReduce(
  model: ModelSpec,
  gpu: GpuSpec,
  tensorParallel: number,
): { latencyPs: number; tokenPs: number } {
  if (tensorParallel === 1) return { latencyPs: 0, tokenPs: 0 };
  const linkBytesPerS = gpu.nvlinkBytesPerS > 0 ? gpu.nvlinkBytesPerS : gpu.pcieBytesPerS;
  const moved = (2 * (tensorParallel - 1)) / tensorParallel;
  const messageBytes = model.hiddenSize * BYTES_PER_VALUE;
  return {
    latencyPs: 2 * model.layers * ALL_REDUCE_LATENCY_PS,
    tokenPs: (2 * model.layers * moved * messageBytes * PS_PER_S) / linkBytesPerS,
  };
}
