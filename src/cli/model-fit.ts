/** On how many of which GPUs a model fits, and what is left for its KV cache, as `tenantry models` prints it. */
import { assert } from "../base/assert.ts";
import {
  type GpuSpec,
  type ModelSpec,
  multiplyPrecision,
  type Parallelism,
} from "../replica/hardware.ts";
import { replicaMemory, type ReplicaMemory, type ReplicaMemoryInput } from "../replica/memory.ts";
import { formatCount, formatNumber } from "../report/format.ts";
import { GPUS } from "../scenario/catalogue/gpus.ts";
import { parallelProblem, tensorParallelSizes } from "../scenario/resolve/parallel.ts";
import { InputError } from "./exit-codes.ts";
import { gpuCalled } from "./gpus.ts";
import { printTable } from "./output.ts";
import { wholeOption } from "./whole-option.ts";

export interface FitOptions {
  readonly maxNumSeqs?: string;
  readonly maxNumBatchedTokens?: string;
  readonly gpuMemoryUtilization?: string;
}

const GIB = 1024 * 1024 * 1024;
const BLOCK_TOKENS = 16;
/** GPUs of one machine; what needs more spans machines, which nobody asks for first. */
const MOST_GPUS = 8;

/** Prints the fewest of each kind of GPU that hold the model. */
export function printFits(model: ModelSpec, options: FitOptions): void {
  const head = ["GPU", "Tensor parallel", "Weights/GPU", "KV tokens"];
  const rows = [...GPUS.values()].map(({ spec: gpu }) => {
    const found = fitsOf(model, gpu, options).find(({ memory }) => memory.kind === "fits");
    if (found === undefined) return [gpu.name, reasonAgainst(model, gpu), "", ""];
    const { parallel, memory } = found;
    return [
      gpu.name,
      String(parallel.tensorParallel),
      gib(memory.use.weights),
      memory.kind === "fits" ? formatCount(memory.kvBlocks * BLOCK_TOKENS) : "",
    ];
  });
  const title = `Fewest GPUs that hold it in ${model.precision} (${limits(options)})`;
  printTable({ title, head, rows }, "right");
}

/** Prints, for every tensor parallelism, where one kind of GPU's memory goes. */
export function printFitOf(model: ModelSpec, gpuName: string, options: FitOptions): void {
  const gpu = gpuCalled(gpuName).spec;
  const precision = multiplyPrecision(model);
  if (gpu.flopsPerS[precision] === 0) {
    throw new InputError(`${gpu.name} has no ${precision} tensor cores: give --precision bf16`);
  }
  const fits = fitsOf(model, gpu, options);
  const head = ["GPUs", "Weights", "Activations", "Runtime", "Windows", "KV blocks", "KV tokens"];
  const rows = fits.map(({ parallel, memory }) => [
    String(parallel.tensorParallel),
    ...[memory.use.weights, memory.use.activations, memory.use.runtime, memory.use.windows].map(
      gib,
    ),
    ...(memory.kind === "fits"
      ? [formatCount(memory.kvBlocks), formatCount(memory.kvBlocks * BLOCK_TOKENS)]
      : ["none", `needs ${gib(memory.neededBytesPerGpu)}`]),
  ]);
  const [first] = fits;
  assert(first !== undefined, "one GPU splits nothing, so it is always among the sizes");
  const title = `${model.name} in ${model.precision} on ${gpu.name}, GiB per GPU of ${gib(first.memory.availableBytesPerGpu)}\n(${limits(options)})`;
  printTable({ title, head, rows }, "right");
  process.stdout.write(`\n${verdict(model, gpu, fits)}\n`);
}

/** The same for programs: one GPU or all of them. */
export function fitsJson(
  model: ModelSpec,
  gpuName: string | undefined,
  options: FitOptions,
): readonly object[] {
  const gpus = gpuName === undefined ? [...GPUS.values()] : [gpuCalled(gpuName)];
  return gpus.flatMap(({ spec: gpu }) =>
    fitsOf(model, gpu, options).map(({ parallel, memory }) => ({
      gpu: gpu.name,
      tensorParallel: parallel.tensorParallel,
      ...memory,
    })),
  );
}

interface Fit {
  readonly parallel: Parallelism;
  readonly memory: ReplicaMemory;
}

/** Every tensor parallelism within a machine that splits the model; none where the GPU cannot multiply in its precision. */
function fitsOf(model: ModelSpec, gpu: GpuSpec, options: FitOptions): readonly Fit[] {
  if (gpu.flopsPerS[multiplyPrecision(model)] === 0) return [];
  return tensorParallelSizes(model)
    .filter((size) => size <= MOST_GPUS)
    .map((tensorParallel) => ({ tensorParallel, dataParallel: 1, expertParallel: false }))
    .filter((parallel) => parallelProblem(model, parallel) === undefined)
    .map((parallel) => ({
      parallel,
      memory: replicaMemory(inputOf({ model, gpu, parallel }, options)),
    }));
}

function inputOf(
  hardware: Pick<ReplicaMemoryInput, "model" | "gpu" | "parallel">,
  options: FitOptions,
): ReplicaMemoryInput {
  return {
    ...hardware,
    ...limitsOf(options),
    adapterBudgetBytes: 0,
    blockTokens: BLOCK_TOKENS,
  };
}

const SEQUENCES = { name: "--max-num-seqs", least: 1, most: 16_384 };
const TOKENS = { name: "--max-num-batched-tokens", least: 1, most: 1_000_000 };
const USUAL_SHARE = 0.9;
const USUAL_SEQUENCES = 256;
const USUAL_TOKENS = 2048;

function limitsOf(options: FitOptions) {
  const share = Number(options.gpuMemoryUtilization ?? USUAL_SHARE);
  if (!(share > 0 && share <= 1)) {
    throw new InputError(
      `--gpu-memory-utilization ${options.gpuMemoryUtilization}: expected a share such as 0.9`,
    );
  }
  return {
    gpuMemoryUtilization: share,
    maxNumSeqs: wholeOption(options.maxNumSeqs, SEQUENCES) ?? USUAL_SEQUENCES,
    maxNumBatchedTokens: wholeOption(options.maxNumBatchedTokens, TOKENS) ?? USUAL_TOKENS,
  };
}

function limits(options: FitOptions): string {
  const { gpuMemoryUtilization, maxNumSeqs, maxNumBatchedTokens } = limitsOf(options);
  return `${gpuMemoryUtilization * 100}%, ${maxNumSeqs} sequences, ${maxNumBatchedTokens} tokens a step`;
}

function reasonAgainst(model: ModelSpec, gpu: GpuSpec): string {
  const precision = multiplyPrecision(model);
  return gpu.flopsPerS[precision] === 0 ? `no ${precision}` : `more than ${MOST_GPUS}`;
}

function verdict(model: ModelSpec, gpu: GpuSpec, fits: readonly Fit[]): string {
  const fitting = fits.find(({ memory }) => memory.kind === "fits");
  if (fitting === undefined) {
    return `${model.name} fits on no ${MOST_GPUS} x ${gpu.name}: take fp8, a larger GPU, or more GPUs.`;
  }
  const { tensorParallel } = fitting.parallel;
  const { memory } = fitting;
  const tokens = memory.kind === "fits" ? memory.kvBlocks * BLOCK_TOKENS : 0;
  const short =
    tokens < model.maxContextTokens
      ? ` The cache is shorter than the longest context of ${formatCount(model.maxContextTokens)} tokens: set maxModelLen.`
      : "";
  return `The smallest that fits is tensorParallel: ${tensorParallel}.${short}`;
}

function gib(bytes: number): string {
  return formatNumber(bytes / GIB, 3);
}
