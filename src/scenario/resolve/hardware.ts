/**
 * Turns a pool's model and GPU names into figures, and checks that the one can run on the other: precision, tensor
 * parallelism, memory.
 */
import {
  type GpuSpec,
  type ModelSpec,
  multiplyPrecision,
  type Parallelism,
} from "../../replica/hardware.ts";
import { replicaMemory, type ReplicaMemory, RESERVED_BYTES_PER_GPU } from "../../replica/memory.ts";
import { weightBytes } from "../../replica/weights.ts";
import { GPUS } from "../catalogue/gpus.ts";
import { MODELS, type ModelShape } from "../catalogue/models.ts";
import { keysAt } from "../plain.ts";
import type { PoolFile } from "../schema/pool.ts";
import { type Context, reportUnknown } from "./context.ts";
import { ownModel } from "./own-model.ts";
import { resolveParallel, tensorParallelSizes } from "./parallel.ts";

const GIB = 1024 * 1024 * 1024;

/** A pool whose model and GPU are known and compatible. */
export interface PoolHardware {
  readonly name: string;
  readonly pool: PoolFile;
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly parallel: Parallelism;
}

/** The hardware of one pool; undefined where something about it was reported. */
export function resolveHardware(
  context: Context,
  name: string,
  pool: PoolFile,
): PoolHardware | undefined {
  const shape = findModel(context, name, pool.model);
  const gpu = findGpu(context, name, pool.gpu);
  if (shape === undefined || gpu === undefined) return undefined;
  const model: ModelSpec = { ...shape, precision: pool.precision, kvPrecision: "bf16" };
  const runs = hasPrecision(context, { name, gpu, model });
  const parallel = resolveParallel(context, { name, pool, model });
  return runs && parallel !== undefined ? { name, pool, model, gpu, parallel } : undefined;
}

/** KV blocks per replica; undefined, and reported, where the model does not fit. */
export function resolveMemory(
  context: Context,
  hardware: PoolHardware,
  adapterBudgetBytes: number,
): Extract<ReplicaMemory, { kind: "fits" }> | undefined {
  const { name, pool, model, gpu } = hardware;
  const memoryWith = (tensorParallel: number) =>
    replicaMemory({
      model,
      gpu,
      tensorParallel,
      gpuMemoryUtilization: pool.gpuMemoryUtilization,
      adapterBudgetBytes,
      blockTokens: pool.blockSize,
    });
  const memory = memoryWith(pool.tensorParallel);
  if (memory.kind === "fits") return memory;
  const larger = tensorParallelSizes(model).find((size) => memoryWith(size).kind === "fits");
  const weights = gib(weightBytes(model));
  const adapters = adapterBudgetBytes > 0 ? `, ${gib(adapterBudgetBytes)} of adapters` : "";
  const needs = `${gib(memory.neededBytesPerGpu)} per GPU (weights ${weights}${adapters}, reserve ${gib(RESERVED_BYTES_PER_GPU)} per GPU)`;
  const has = `${gib(memory.availableBytesPerGpu)} (${pool.gpuMemoryUtilization * 100}% of ${gib(gpu.memoryBytes)})`;
  const advice =
    larger === undefined ? "no tensorParallel makes it fit" : `tensorParallel: ${larger} would fit`;
  context.report.error(
    ["platform", "pools", name, "tensorParallel"],
    `${model.name} in ${model.precision} on ${pool.tensorParallel} x ${gpu.name} needs ${needs} and has ${has}: ${advice}`,
  );
  return undefined;
}

function findModel(context: Context, pool: string, name: string): ModelShape | undefined {
  const own = context.file.platform.models[name];
  if (own !== undefined) return ownModel(name, own);
  const found = MODELS.get(name);
  const written = keysAt(context.written, ["platform", "models"]);
  if (found !== undefined || written.includes(name)) return found;
  const path = ["platform", "pools", pool, "model"];
  reportUnknown(context, { path, what: "model", name }, [...MODELS.keys(), ...written]);
  return undefined;
}

function findGpu(context: Context, pool: string, name: string): GpuSpec | undefined {
  const own = context.file.platform.gpus[name];
  if (own !== undefined) {
    return {
      name,
      flopsPerS: { bf16: own.bf16, fp8: own.fp8 ?? 0 },
      memoryBytes: own.memory,
      memoryBytesPerS: own.memoryBandwidth,
      nvlinkBytesPerS: own.nvlink ?? 0,
      pcieBytesPerS: own.pcie,
    };
  }
  const found = GPUS.get(name);
  const written = keysAt(context.written, ["platform", "gpus"]);
  if (found !== undefined || written.includes(name)) return found;
  const path = ["platform", "pools", pool, "gpu"];
  reportUnknown(context, { path, what: "GPU", name }, [...GPUS.keys(), ...written]);
  return undefined;
}

function hasPrecision(
  context: Context,
  given: { readonly name: string; readonly gpu: GpuSpec; readonly model: ModelSpec },
): boolean {
  const precision = multiplyPrecision(given.model);
  if (given.gpu.flopsPerS[precision] > 0) return true;
  const message = `${given.gpu.name} has no ${precision} tensor cores: use bf16, or a GPU that has them`;
  context.report.error(["platform", "pools", given.name, "precision"], message);
  return false;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
