/**
 * How GPU memory divides on a replica, as vLLM finds it: of a share of each GPU's memory go weights, activations, what
 * the runtime takes and adapters; the rest becomes blocks of KV cache. Weights and KV cache lie as sharding.ts says. With
 * data parallelism every group has a cache of its own, and the replica's is their sum.
 */
import { assert } from "../base/assert.ts";
import { activationBytesPerGpu, type BatchLimits, runtimeBytesPerGpu } from "./activations.ts";
import { gpuCount, type GpuSpec, type ModelSpec, type Parallelism } from "./hardware.ts";
import { kvBytesPerGpuAndLayer, weightBytesPerGpu } from "./sharding.ts";

export interface ReplicaMemoryInput extends BatchLimits {
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly parallel: Parallelism;
  /** Share of each GPU's memory the replica may use, 0..1. */
  readonly gpuMemoryUtilization: number;
  /** Per data-parallel group; split over its GPUs. */
  readonly adapterBudgetBytes: number;
  readonly blockTokens: number;
}

/** What one GPU's share of memory goes to before there is any KV cache, bytes. */
export interface MemoryUse {
  readonly weights: number;
  readonly activations: number;
  readonly runtime: number;
  readonly adapters: number;
  /** Windows of layers that look back only so far, set aside for every sequence; 0 where they are kept like the rest. */
  readonly windows: number;
}

export type ReplicaMemory = {
  /** Per GPU. */
  readonly use: MemoryUse;
  readonly availableBytesPerGpu: number;
} & (
  | {
      readonly kind: "fits";
      /** Whole blocks per replica, at least 1. */
      readonly kvBlocks: number;
      /** Over all GPUs that hold a part of a block. */
      readonly blockBytes: number;
    }
  | {
      readonly kind: "too-small";
      /** For everything and one block. */
      readonly neededBytesPerGpu: number;
    }
);

/**
 * Divides a replica's memory.
 * Units: bytes; blocks of `blockTokens` tokens.
 * Bounds: tensorParallel divides the attention heads, and divides the KV heads or is a multiple of them (each GPU then
 * holds a copy of a head).
 */
export function replicaMemory(input: ReplicaMemoryInput): ReplicaMemory {
  const { model, gpu, parallel } = input;
  const { tensorParallel, dataParallel } = parallel;
  assert(Number.isInteger(tensorParallel) && tensorParallel >= 1, "tensorParallel is not a count");
  const availableBytesPerGpu = gpu.memoryBytes * input.gpuMemoryUtilization;
  const use = {
    weights: weightBytesPerGpu(model, parallel),
    activations: activationBytesPerGpu(model, parallel, input),
    runtime: runtimeBytesPerGpu(parallel),
    adapters: input.adapterBudgetBytes / tensorParallel,
  };
  const left = availableBytesPerGpu - use.weights - use.activations - use.runtime - use.adapters;
  const { windows, blockBytesPerGpu, blocks } = bestCache(input, left);
  const whole = { use: { ...use, windows }, availableBytesPerGpu };
  if (blocks >= 1) {
    const blockBytes = blockBytesPerGpu * tensorParallel;
    return { ...whole, kind: "fits", kvBlocks: blocks * dataParallel, blockBytes };
  }
  const neededBytesPerGpu = availableBytesPerGpu - left + windows + blockBytesPerGpu;
  return { ...whole, kind: "too-small", neededBytesPerGpu };
}

/**
 * Memory with as many blocks as were asked for instead of as many as are left, per data-parallel group (vLLM's
 * num_gpu_blocks_override). vLLM then asks the GPU for them whatever its share, so what counts is all of its memory.
 * Layers with a window are left out of what a block takes at least: vLLM gives them blocks of their own.
 */
export function overriddenMemory(input: ReplicaMemoryInput, blocks: number): ReplicaMemory {
  const { model, gpu, parallel, blockTokens } = input;
  const { use } = replicaMemory(input);
  const layerBytes = kvBytesPerGpuAndLayer(model, parallel.tensorParallel) * blockTokens;
  const used = use.weights + use.activations + use.runtime + use.adapters;
  const neededBytesPerGpu = used + blocks * layerBytes * unboundedLayers(model);
  const whole = { use: { ...use, windows: 0 }, availableBytesPerGpu: gpu.memoryBytes };
  if (neededBytesPerGpu > gpu.memoryBytes)
    return { ...whole, kind: "too-small", neededBytesPerGpu };
  const blockBytes = model.layers * layerBytes * parallel.tensorParallel;
  return { ...whole, kind: "fits", kvBlocks: blocks * parallel.dataParallel, blockBytes };
}

/** Most blocks per data-parallel group that `overriddenMemory` finds room for; 0 where weights and the rest leave none. */
export function mostBlocks(input: ReplicaMemoryInput): number {
  const memory = overriddenMemory(input, 0);
  if (memory.kind === "too-small") return 0;
  const { model, parallel, blockTokens } = input;
  const layerBytes = kvBytesPerGpuAndLayer(model, parallel.tensorParallel) * blockTokens;
  const left =
    memory.availableBytesPerGpu - Object.values(memory.use).reduce((sum, bytes) => sum + bytes, 0);
  return Math.floor(left / (layerBytes * unboundedLayers(model)));
}

/** The smallest of `sizes` of tensor parallelism with which everything fits on `mostGpus`; undefined where none does. */
export function smallestFit(
  input: ReplicaMemoryInput,
  sizes: readonly number[],
  mostGpus: number,
): number | undefined {
  return sizes.find((tensorParallel) => {
    const parallel = { ...input.parallel, tensorParallel };
    return gpuCount(parallel) <= mostGpus && replicaMemory({ ...input, parallel }).kind === "fits";
  });
}

interface CacheLayout {
  readonly windows: number;
  readonly blockBytesPerGpu: number;
  /** Per data-parallel group. */
  readonly blocks: number;
}

/**
 * A layer with a window keeps no more than the window, so its memory per sequence is bounded while a block's counts on
 * growing. The cache here knows one kind of block, so there are two safe ways to count: every block holds all layers, or
 * blocks hold the other layers and every sequence that may run has its windows set aside. Both count too few blocks for
 * some mix of contexts (vLLM gives each kind of layer blocks as it goes); the better one is taken.
 */
function bestCache(input: ReplicaMemoryInput, leftBytesPerGpu: number): CacheLayout {
  const { model, blockTokens } = input;
  const layerBytes = kvBytesPerGpuAndLayer(model, input.parallel.tensorParallel) * blockTokens;
  const layout = (layers: number, windows: number): CacheLayout => {
    const blockBytesPerGpu = layers * layerBytes;
    const blocks = Math.floor((leftBytesPerGpu - windows) / blockBytesPerGpu);
    return { windows, blockBytesPerGpu, blocks };
  };
  const together = layout(model.layers, 0);
  const window = model.attention.kind === "grouped" ? model.attention.window : undefined;
  if (window === undefined || unboundedLayers(model) === model.layers) return together;
  // A window seldom begins where a block does; while a prompt is computed, a chunk of it lies beside its window.
  const perSequence = Math.ceil(window.tokens / blockTokens) + 1;
  const chunk = Math.ceil(input.maxNumBatchedTokens / blockTokens);
  const windowBlocks = input.maxNumSeqs * perSequence + chunk;
  const apart = layout(unboundedLayers(model), windowBlocks * window.layers * layerBytes);
  return apart.blocks > together.blocks ? apart : together;
}

/** Layers that see the whole context; all of them where every layer has a window, since something must hold a block. */
function unboundedLayers({ attention, layers }: ModelSpec): number {
  const window = attention.kind === "grouped" ? attention.window : undefined;
  return window === undefined || window.layers === layers ? layers : layers - window.layers;
}
