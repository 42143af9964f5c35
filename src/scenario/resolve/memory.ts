/** KV-cache blocks of a pool's replicas, or what is missing and what would help. */
import { OUTSIDE_SHARE_BYTES } from "../../replica/activations.ts";
import { gpuCount } from "../../replica/hardware.ts";
import {
  type MemoryUse,
  replicaMemory,
  type ReplicaMemory,
  type ReplicaMemoryInput,
  smallestFit,
} from "../../replica/memory.ts";
import type { Context } from "./context.ts";
import type { PoolHardware } from "./hardware.ts";
import { tensorParallelSizes } from "./parallel.ts";

const GIB = 1024 * 1024 * 1024;

export interface PoolMemory {
  /** Per replica, all data-parallel groups together. */
  readonly kvBlocks: number;
  readonly blockBytes: number;
}

/** Undefined, and reported, where the model does not fit. */
export function resolveMemory(
  context: Context,
  hardware: PoolHardware,
  adapterBudgetBytes: number,
): PoolMemory | undefined {
  const { name, pool, model, parallel } = hardware;
  const input = memoryInput(hardware, adapterBudgetBytes);
  const memory = replicaMemory(input);
  if (pool.numGpuBlocksOverride !== undefined) {
    const roomy = replicaMemory({ ...input, gpu: { ...input.gpu, memoryBytes: Infinity } });
    if (roomy.kind !== "fits") return undefined;
    const kvBlocks = pool.numGpuBlocksOverride * parallel.dataParallel;
    return { kvBlocks, blockBytes: roomy.blockBytes };
  }
  if (memory.kind === "too-small") {
    reportTooSmall(context, hardware, { memory, input });
    return undefined;
  }
  warnOfOutside(context, hardware, memory.availableBytesPerGpu);
  const tokens = (memory.kvBlocks / parallel.dataParallel) * pool.blockSize;
  if (tokens < model.maxContextTokens) {
    const message = `the KV cache holds ${tokens} tokens, fewer than the longest context of ${model.maxContextTokens}: vLLM would not start, and here longer requests are refused; set maxModelLen: ${tokens} to say so`;
    context.report.warning(["platform", "pools", name], message);
  }
  return memory;
}

/** The context of CUDA and its graphs lie outside the share, and an engine that finds no room for them does not start. */
function warnOfOutside(context: Context, hardware: PoolHardware, shareBytes: number): void {
  const outside = hardware.gpu.memoryBytes - shareBytes;
  if (outside >= OUTSIDE_SHARE_BYTES) return;
  const message = `leaves ${gib(outside)} of each GPU, and CUDA's context and graphs take about ${gib(OUTSIDE_SHARE_BYTES)}: the engine may run out of memory as it starts`;
  context.report.warning(["platform", "pools", hardware.name, "gpuMemoryUtilization"], message);
}

function memoryInput(
  { pool, model, gpu, parallel }: PoolHardware,
  adapterBudgetBytes: number,
): ReplicaMemoryInput {
  return {
    model,
    gpu,
    parallel,
    adapterBudgetBytes,
    gpuMemoryUtilization: pool.gpuMemoryUtilization,
    maxNumSeqs: pool.maxNumSeqs,
    maxNumBatchedTokens: pool.maxNumBatchedTokens,
    blockTokens: pool.blockSize,
  };
}

function reportTooSmall(
  context: Context,
  { name, pool, model, gpu, parallel }: PoolHardware,
  found: {
    readonly memory: Extract<ReplicaMemory, { kind: "too-small" }>;
    readonly input: ReplicaMemoryInput;
  },
): void {
  const { memory, input } = found;
  const needs = `${gib(memory.neededBytesPerGpu)} per GPU (${usesOf(memory.use)})`;
  const has = `${gib(memory.availableBytesPerGpu)} (${pool.gpuMemoryUtilization * 100}% of ${gib(gpu.memoryBytes)})`;
  const fits = smallestFit(input, tensorParallelSizes(model));
  const advice =
    fits === undefined ? "no tensorParallel makes it fit" : `tensorParallel: ${fits} would fit`;
  context.report.error(
    ["platform", "pools", name, "tensorParallel"],
    `${model.name} in ${model.precision} on ${gpuCount(parallel)} x ${gpu.name} needs ${needs} and has ${has}: ${advice}`,
  );
}

/** What a GPU's memory goes to before the KV cache, in words; what takes nothing is left out. */
function usesOf(use: MemoryUse): string {
  return Object.entries(use)
    .filter(([, bytes]) => bytes > 0)
    .map(([what, bytes]) => `${what} ${gib(bytes)}`)
    .join(", ");
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
