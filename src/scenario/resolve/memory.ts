/** KV-cache blocks of a pool's replicas, or what is missing and what would help. */
import { OUTSIDE_SHARE_BYTES } from "../../replica/activations.ts";
import { gpuCount } from "../../replica/hardware.ts";
import {
  type MemoryUse,
  mostBlocks,
  overriddenMemory,
  replicaMemory,
  type ReplicaMemory,
  type ReplicaMemoryInput,
} from "../../replica/memory.ts";
import type { Context } from "./context.ts";
import type { PoolHardware } from "./hardware.ts";
import { nearestGpu, remediesOf } from "./room.ts";

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
  if (pool.numGpuBlocksOverride !== undefined) {
    return overridden(context, hardware, { input, blocks: pool.numGpuBlocksOverride });
  }
  const memory = replicaMemory(input);
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

/** As many blocks as the pool says. More than there is room for is refused: no engine has them. */
function overridden(
  context: Context,
  hardware: PoolHardware,
  { input, blocks }: { readonly input: ReplicaMemoryInput; readonly blocks: number },
): PoolMemory | undefined {
  const memory = overriddenMemory(input, blocks);
  if (memory.kind === "fits") return memory;
  const most = mostBlocks(input);
  if (most === 0) {
    reportTooSmall(context, hardware, { memory, input });
    return undefined;
  }
  const { name, gpu, pool } = hardware;
  const message = `${blocks} blocks of ${pool.blockSize} tokens and what lies beside them (${usesOf(memory.use)}) take ${gib(memory.neededBytesPerGpu)} of each ${gpu.name}, which has ${gib(gpu.memoryBytes)}: expected at most ${most}`;
  context.report.error(["platform", "pools", name, "numGpuBlocksOverride"], message);
  return undefined;
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
  const has = `${gib(memory.availableBytesPerGpu)}${shareOf(memory, input)}`;
  const remedies = remediesOf(input, pool.gpusPerNode);
  const advice =
    remedies.length > 0
      ? `${remedies.map(({ key, value }) => `${key}: ${value}`).join(" or ")} would fit`
      : adviceElsewhere(input, pool.gpusPerNode);
  context.report.error(
    ["platform", "pools", name, remedies[0]?.key ?? "gpu"],
    `${model.name} in ${model.precision} on ${gpuCount(parallel)} x ${gpu.name} needs ${needs} and has ${has}: ${advice}`,
  );
}

function shareOf({ availableBytesPerGpu }: ReplicaMemory, { gpu }: ReplicaMemoryInput): string {
  if (availableBytesPerGpu === gpu.memoryBytes) return "";
  const percent = Number(((100 * availableBytesPerGpu) / gpu.memoryBytes).toPrecision(6));
  return ` (${percent}% of ${gib(gpu.memoryBytes)})`;
}

/** Where no single change of the pool's keys is enough. */
function adviceElsewhere(input: ReplicaMemoryInput, gpusPerNode: number): string {
  const none = `no tensorParallel makes it fit on the ${gpusPerNode} GPUs of a machine (gpusPerNode)`;
  const found = nearestGpu(input, gpusPerNode);
  if (found === undefined) return `${none}, nor on those of any other GPU in the catalogue`;
  return `${none}; gpu: ${found.gpu.name} with tensorParallel: ${found.tensorParallel} would`;
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
