/** How a GPU runs a model's weights: as they are stored, or otherwise where it lacks the tensor cores; or not at all. */
import type { GpuSpec, ModelSpec, WeightPrecision } from "../../replica/hardware.ts";

export interface RunsIn {
  readonly precision: WeightPrecision;
  /** Why that is not what was asked for. */
  readonly note?: string;
}

/** What weights of this precision become on this GPU. vLLM's Marlin kernels take FP8 weights where there are no FP8 tensor cores. */
export function runsIn(precision: WeightPrecision, gpu: GpuSpec): RunsIn {
  if (precision !== "fp8" || gpu.flopsPerS.fp8 > 0) return { precision };
  const note = `${gpu.name} has no fp8 tensor cores: weights take a byte each and are multiplied in bf16 (w8a16), as vLLM does it there`;
  return { precision: "w8a16", note };
}

/** Why this model's weights cannot be stored so; undefined where they can. */
export function precisionProblem(
  { name, feedForward }: Pick<ModelSpec, "name" | "feedForward">,
  precision: WeightPrecision,
): string | undefined {
  if (precision !== "mxfp4" || feedForward.mixture !== undefined) return undefined;
  return `mxfp4 packs experts alone, and ${name} is dense: expected bf16, fp8 or int4`;
}
