/**
 * How GPU memory divides on a replica: weights, adapters and a reserve, and what is left becomes KV-cache blocks. Follows
 * vLLM: a share of each GPU's memory is used, weights and KV heads are split over the replica's GPUs. Weights, adapters
 * and KV cache are taken to split evenly; the reserve is needed on every GPU.
 */
import { assert } from "../base/assert.ts";
import type { GpuSpec, ModelSpec } from "./hardware.ts";
import { kvBytesPerToken } from "./kv-size.ts";
import { weightBytes } from "./weights.ts";

/**
 * Activations, communication buffers and CUDA graphs per GPU. Fitted to vLLM pull request 2031: 7,351 blocks for
 * Llama-2-7B on one A100-80GB at utilization 0.9 leave 2.02 GiB unaccounted for. It grows with the token budget of a
 * step and with tensor parallelism, which is not modelled. Sensitivity: 1 GiB more takes 1.8 % of the KV cache of an 8B
 * model on an 80 GiB GPU, 14 % on a 24 GB one.
 */
export const RESERVED_BYTES_PER_GPU = 2 * 1024 * 1024 * 1024;

interface ReplicaMemoryInput {
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly tensorParallel: number;
  /** Share of each GPU's memory the replica may use, 0..1. */
  readonly gpuMemoryUtilization: number;
  /** Per replica. */
  readonly adapterBudgetBytes: number;
  readonly blockTokens: number;
}

export type ReplicaMemory =
  | {
      readonly kind: "fits";
      /** Whole blocks per replica, at least 1. */
      readonly kvBlocks: number;
      /** Over all GPUs of the replica. */
      readonly blockBytes: number;
    }
  | {
      readonly kind: "too-small";
      /** For weights, adapters, the reserve and one block. */
      readonly neededBytesPerGpu: number;
      readonly availableBytesPerGpu: number;
    };

/**
 * Divides a replica's memory.
 * Units: bytes; blocks of `blockTokens` tokens.
 * Bounds: tensorParallel divides the attention heads, and divides the KV heads or is a multiple of them (each GPU then
 * holds a copy of a head).
 */
export function replicaMemory(input: ReplicaMemoryInput): ReplicaMemory {
  const { model, gpu, tensorParallel } = input;
  assert(tensorParallel >= 1 && Number.isInteger(tensorParallel), "tensorParallel is not a count");
  const copies = Math.max(1, tensorParallel / cachedHeads(model));
  const blockBytes = kvBytesPerToken(model) * copies * input.blockTokens;
  const blockBytesPerGpu = blockBytes / tensorParallel;
  const usedPerGpu =
    (weightBytes(model) + input.adapterBudgetBytes) / tensorParallel + RESERVED_BYTES_PER_GPU;
  const availableBytesPerGpu = gpu.memoryBytes * input.gpuMemoryUtilization;
  const kvBlocks = Math.floor((availableBytesPerGpu - usedPerGpu) / blockBytesPerGpu);
  if (kvBlocks >= 1) return { kind: "fits", kvBlocks, blockBytes };
  return {
    kind: "too-small",
    neededBytesPerGpu: usedPerGpu + blockBytesPerGpu,
    availableBytesPerGpu,
  };
}

/** Heads that tensor parallelism can split the KV cache by: latent attention caches one vector for all of them. */
function cachedHeads({ attention }: ModelSpec): number {
  return attention.kind === "grouped" ? attention.kvHeads : 1;
}
