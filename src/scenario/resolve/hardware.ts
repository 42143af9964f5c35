/**
 * Turns a pool's model and GPU names into figures, and checks that the one can run on the other: precision, tensor
 * parallelism, memory.
 */
import { type GpuSpec, type ModelSpec, multiplyPrecision } from "../../replica/hardware.ts";
import { replicaMemory, type ReplicaMemory, RESERVED_BYTES_PER_GPU } from "../../replica/memory.ts";
import { weightBytes } from "../../replica/weights.ts";
import { GPUS } from "../catalogue/gpus.ts";
import { MODELS, type ModelShape } from "../catalogue/models.ts";
import { keysAt } from "../plain.ts";
import type { PoolFile } from "../schema/platform.ts";
import { type Context, reportUnknown } from "./context.ts";
import { ownModel } from "./own-model.ts";

const GIB = 1024 * 1024 * 1024;

/** GPUs of one replica that are worth suggesting; larger replicas span nodes. */
const TENSOR_PARALLEL_SIZES = [1, 2, 4, 8, 16, 32, 64];

/** A pool whose model and GPU are known and compatible. */
export interface PoolHardware {
  readonly name: string;
  readonly pool: PoolFile;
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
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
  const splits = dividesHeads(model, pool.tensorParallel);
  if (!splits) {
    context.report.error(
      ["platform", "pools", name, "tensorParallel"],
      `tensorParallel ${pool.tensorParallel} does not divide the ${headsOf(model)} of ${model.name} (possible: ${sizesOf(model).join(", ")})`,
    );
  }
  return runs && splits ? { name, pool, model, gpu } : undefined;
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

/** Query heads are split over the GPUs; KV heads are split, or copied when there are more GPUs than KV heads. */
function dividesHeads({ attention }: ModelSpec, tensorParallel: number): boolean {
  if (attention.heads % tensorParallel !== 0) return false;
  if (attention.kind === "latent") return true;
  const { kvHeads } = attention;
  return kvHeads % tensorParallel === 0 || tensorParallel % kvHeads === 0;
}

function headsOf({ attention }: ModelSpec): string {
  const query = `${attention.heads} attention heads`;
  return attention.kind === "latent" ? query : `${query} and ${attention.kvHeads} KV heads`;
}

function sizesOf(model: ModelSpec): number[] {
  return TENSOR_PARALLEL_SIZES.filter((size) => dividesHeads(model, size));
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
