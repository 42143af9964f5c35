/**
 * What would make a model fit where it does not: each thing that one may change by itself, tried out, so that nothing is
 * advised that would not help. A replica stays within one machine: links between machines are not modelled.
 */
import { gpuCount, type GpuSpec } from "../../replica/hardware.ts";
import { replicaMemory, type ReplicaMemoryInput, smallestFit } from "../../replica/memory.ts";
import { GPUS } from "../catalogue/gpus.ts";
import { canSplit, tensorParallelSizes } from "./parallel.ts";
import { runsIn } from "./precision.ts";

/** A key of the pool, and a value with which everything fits. */
export interface Remedy {
  readonly key:
    | "tensorParallel"
    | "gpuMemoryUtilization"
    | "maxNumSeqs"
    | "maxNumBatchedTokens"
    | "precision";
  readonly value: number | string;
}

/** vLLM's default share of GPU memory. */
const USUAL_SHARE = 0.9;
/** Fewer sequences or tokens are no serving engine any more: whoever needs them needs another GPU. */
const LEAST_SEQUENCES = 16;
const LEAST_TOKENS = 512;

/** Single changes with which the replica fits, the one that costs least first; none where no single change is enough. */
export function remediesOf(input: ReplicaMemoryInput, gpusPerNode: number): readonly Remedy[] {
  const found: Remedy[] = [];
  if (input.gpuMemoryUtilization < USUAL_SHARE && fits({ ...input, gpuMemoryUtilization: 0.9 })) {
    found.push({ key: "gpuMemoryUtilization", value: USUAL_SHARE });
  }
  for (const [key, least] of [
    ["maxNumSeqs", LEAST_SEQUENCES],
    ["maxNumBatchedTokens", LEAST_TOKENS],
  ] as const) {
    const value = halved(input[key], least).find((one) => fits({ ...input, [key]: one }));
    if (value !== undefined) found.push({ key, value });
  }
  const size = fitWithin(input, gpusPerNode);
  if (size !== undefined) found.push({ key: "tensorParallel", value: size });
  if (fp8Fits(input)) found.push({ key: "precision", value: "fp8" });
  return found;
}

/** The GPU with the least memory of those that hold the model within one machine, and on how many of them. */
export function nearestGpu(
  input: ReplicaMemoryInput,
  gpusPerNode: number,
): { readonly gpu: GpuSpec; readonly tensorParallel: number } | undefined {
  const others = [...GPUS.values()]
    .map(({ spec }) => spec)
    .filter((gpu) => gpu.name !== input.gpu.name)
    .toSorted((a, b) => a.memoryBytes - b.memoryBytes);
  const { model } = input;
  for (const gpu of others) {
    const { precision } = runsIn(model.precision, gpu);
    const there = { ...input, gpu, model: { ...model, precision } };
    const tensorParallel = fitWithin(there, gpusPerNode);
    if (tensorParallel !== undefined) return { gpu, tensorParallel };
  }
  return undefined;
}

/** The smallest tensor parallelism within a machine that splits the model and holds it. */
function fitWithin(input: ReplicaMemoryInput, gpusPerNode: number): number | undefined {
  const { model, parallel } = input;
  const sizes = tensorParallelSizes(model).filter((tensorParallel) =>
    canSplit(model, { ...parallel, tensorParallel }),
  );
  return smallestFit(input, sizes, Math.max(gpusPerNode, gpuCount(parallel)));
}

function fp8Fits(input: ReplicaMemoryInput): boolean {
  const { model, gpu } = input;
  if (model.precision !== "bf16") return false;
  return fits({ ...input, model: { ...model, precision: runsIn("fp8", gpu).precision } });
}

function fits(input: ReplicaMemoryInput): boolean {
  return replicaMemory(input).kind === "fits";
}

/** Powers of two below the value, largest first. */
function halved(value: number, least: number): readonly number[] {
  const found: number[] = [];
  for (let one = 2 ** Math.ceil(Math.log2(value) - 1); one >= least; one /= 2) found.push(one);
  return found;
}
