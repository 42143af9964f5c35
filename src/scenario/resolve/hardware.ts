/**
 * Turns a pool's model and GPU names into figures, and checks that the one can run on the other: precision, tensor
 * parallelism, memory.
 */
import type { GpuSpec, ModelSpec, Precision } from "../../replica/hardware.ts";
import { replicaMemory, type ReplicaMemory, RESERVED_BYTES_PER_GPU } from "../../replica/memory.ts";
import { bytesPerParameter } from "../../replica/roofline.ts";
import { GPUS } from "../catalogue/gpus.ts";
import { type ModelEntry, MODELS } from "../catalogue/models.ts";
import { keysAt } from "../plain.ts";
import type { PoolFile } from "../schema/platform.ts";
import { type Context, reportUnknown } from "./context.ts";

const GIB = 1024 * 1024 * 1024;

/** GPUs of one replica that are worth suggesting; larger replicas span nodes. */
const TENSOR_PARALLEL_SIZES = [1, 2, 4, 8, 16, 32, 64];

/** A pool whose model and GPU are known and compatible. */
export interface PoolHardware {
  readonly name: string;
  readonly pool: PoolFile;
  readonly entry: ModelEntry;
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
}

/** The hardware of one pool; undefined where something about it was reported. */
export function resolveHardware(
  context: Context,
  name: string,
  pool: PoolFile,
): PoolHardware | undefined {
  const entry = findModel(context, name, pool.model);
  const gpu = findGpu(context, name, pool.gpu);
  if (entry === undefined || gpu === undefined) return undefined;
  const model: ModelSpec = { ...entry.spec, precision: pool.precision };
  const runs = hasPrecision(context, { name, gpu, precision: pool.precision });
  const splits = dividesHeads(model, pool.tensorParallel);
  if (!splits) {
    const heads = `${model.attentionHeads} attention heads and ${model.kvHeads} KV heads`;
    context.report.error(
      ["platform", "pools", name, "tensorParallel"],
      `tensorParallel ${pool.tensorParallel} does not divide the ${heads} of ${model.name} (possible: ${sizesOf(model).join(", ")})`,
    );
  }
  return runs && splits ? { name, pool, entry, model, gpu } : undefined;
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
  const larger = sizesOf(model).find((size) => memoryWith(size).kind === "fits");
  const weights = gib(model.parameters * bytesPerParameter(model));
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

function findModel(context: Context, pool: string, name: string): ModelEntry | undefined {
  const own = context.file.platform.models[name];
  if (own !== undefined) {
    const { ffnSize, maxContext, activeParameters, ...rest } = own;
    const active = activeParameters ?? own.parameters;
    return {
      spec: { name, ...rest, activeParameters: active, maxContextTokens: maxContext },
      ffnSize: ffnSize ?? 0,
      isDense: ffnSize !== undefined && active === own.parameters,
    };
  }
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
  given: { readonly name: string; readonly gpu: GpuSpec; readonly precision: Precision },
): boolean {
  if (given.gpu.flopsPerS[given.precision] > 0) return true;
  const message = `${given.gpu.name} has no ${given.precision} tensor cores: use bf16, or a GPU that has them`;
  context.report.error(["platform", "pools", given.name, "precision"], message);
  return false;
}

/** Query heads are split over the GPUs; KV heads are split, or copied when there are more GPUs than KV heads. */
function dividesHeads(model: ModelSpec, tensorParallel: number): boolean {
  const kv = model.kvHeads % tensorParallel === 0 || tensorParallel % model.kvHeads === 0;
  return kv && model.attentionHeads % tensorParallel === 0;
}

function sizesOf(model: ModelSpec): number[] {
  return TENSOR_PARALLEL_SIZES.filter((size) => dividesHeads(model, size));
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
