/** Turns a pool's model and GPU into figures, and checks that the one can run on the other: precision, parallelism, context. */
import type { GpuSpec, ModelSpec, Parallelism } from "../../replica/hardware.ts";
import { GPUS } from "../catalogue/gpus.ts";
import { keysAt } from "../plain.ts";
import type { PoolFile } from "../schema/pool.ts";
import { type Context, reportUnknown } from "./context.ts";
import { resolveModel } from "./model.ts";
import { resolveParallel } from "./parallel.ts";
import { precisionProblem, runsIn } from "./precision.ts";

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
  const found = resolveModel(context, name, pool);
  const gpu = findGpu(context, name, pool.gpu);
  if (found === undefined || gpu === undefined) return undefined;
  const { shape } = found;
  const maxContextTokens = maxContextOf(context, name, pool, shape.maxContextTokens);
  const { precision, note } = runsIn(found.precision, gpu);
  const path = ["platform", "pools", name, "precision"];
  if (note !== undefined) context.report.warning(path, note);
  const problem = precisionProblem(shape, precision);
  if (problem !== undefined) context.report.error(path, problem);
  const kvPrecision = pool.kvCacheDtype;
  const model: ModelSpec = { ...shape, maxContextTokens, precision, kvPrecision };
  const parallel = resolveParallel(context, { name, pool, model });
  return problem === undefined && parallel !== undefined
    ? { name, pool, model, gpu, parallel }
    : undefined;
}

function maxContextOf(context: Context, name: string, pool: PoolFile, most: number): number {
  if (pool.maxModelLen === undefined || pool.maxModelLen <= most) return pool.maxModelLen ?? most;
  const message = `expected at most ${most} tokens, the longest context of the model`;
  context.report.error(["platform", "pools", name, "maxModelLen"], message);
  return most;
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
  const found = GPUS.get(name)?.spec;
  const written = keysAt(context.written, ["platform", "gpus"]);
  if (found !== undefined || written.includes(name)) return found;
  const path = ["platform", "pools", pool, "gpu"];
  reportUnknown(context, { path, what: "GPU", name }, [...GPUS.keys(), ...written]);
  return undefined;
}
