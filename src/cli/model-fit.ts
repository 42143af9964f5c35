/** On how many of which GPUs a model fits, and what is left for its KV cache, as `tenantry models` prints it. */
import {
  gpuCount,
  type GpuSpec,
  type ModelSpec,
  type Parallelism,
  type WeightPrecision,
} from "../replica/hardware.ts";
import { replicaMemory, type ReplicaMemory, type ReplicaMemoryInput } from "../replica/memory.ts";
import { formatCount, formatNumber } from "../report/format.ts";
import { GPUS } from "../scenario/catalogue/gpus.ts";
import { parallelProblem, tensorParallelSizes } from "../scenario/resolve/parallel.ts";
import { runsIn } from "../scenario/resolve/precision.ts";
import { nearestGpu, remediesOf } from "../scenario/resolve/room.ts";
import { InputError } from "./exit-codes.ts";
import { type FitOptions, inWords, type ReplicaAsked, replicaAsked } from "./fit-options.ts";
import { gpuCalled } from "./gpus.ts";
import { printTable } from "./output.ts";

const GIB = 1024 * 1024 * 1024;
const BLOCK_TOKENS = 16;

/** Prints the fewest of each kind of GPU that hold the model. */
export function printFits(model: ModelSpec, options: FitOptions): void {
  const asked = replicaAsked(options);
  const head = ["GPU", "GPUs", "Tensor parallel", "Weights/GPU", "KV tokens"];
  const rows = [...GPUS.values()].map(({ spec: gpu }) => {
    const { precision } = runsIn(model.precision, gpu);
    const name = precision === model.precision ? gpu.name : `${gpu.name} (${precision})`;
    const found = fitsOf(model, gpu, asked).find(({ memory }) => memory.kind === "fits");
    if (found === undefined) return [name, `more than ${asked.gpusPerNode}`, "", "", ""];
    const { parallel, memory } = found;
    return [
      name,
      String(gpuCount(parallel)),
      String(parallel.tensorParallel),
      gib(memory.use.weights),
      memory.kind === "fits" ? formatCount(memory.kvBlocks * BLOCK_TOKENS) : "",
    ];
  });
  const title = `Fewest GPUs that hold it in ${model.precision}\n(${inWords(asked)})`;
  printTable({ title, head, rows }, "right");
}

/** Prints, for every tensor parallelism, where one kind of GPU's memory goes. */
export function printFitOf(model: ModelSpec, gpuName: string, options: FitOptions): void {
  const asked = replicaAsked(options);
  const gpu = gpuCalled(gpuName).spec;
  const { precision, note } = runsIn(model.precision, gpu);
  if (note !== undefined) process.stderr.write(`note: ${note}\n`);
  const fits = fitsOf(model, gpu, asked);
  const [first] = fits;
  if (first === undefined) throw new InputError(whyNone(model, asked));
  const head = ["GPUs", "Weights", "Activations", "Runtime", "Windows", "KV blocks", "KV tokens"];
  const rows = fits.map(({ parallel, memory }) => [
    gpusOf(parallel),
    ...[memory.use.weights, memory.use.activations, memory.use.runtime, memory.use.windows].map(
      gib,
    ),
    ...(memory.kind === "fits"
      ? [formatCount(memory.kvBlocks), formatCount(memory.kvBlocks * BLOCK_TOKENS)]
      : ["none", `needs ${gib(memory.neededBytesPerGpu)}`]),
  ]);
  const title = `${model.name} in ${precision} on ${gpu.name}, GiB per GPU of ${gib(first.memory.availableBytesPerGpu)}\n(${inWords(asked)})`;
  printTable({ title, head, rows }, "right");
  process.stdout.write(`\n${verdict({ model, gpu, asked }, fits)}\n`);
}

/** The same for programs: one GPU or all of them. */
export function fitsJson(
  model: ModelSpec,
  gpuName: string | undefined,
  options: FitOptions,
): readonly object[] {
  const asked = replicaAsked(options);
  const gpus = gpuName === undefined ? [...GPUS.values()] : [gpuCalled(gpuName)];
  return gpus.flatMap(({ spec: gpu }) =>
    fitsOf(model, gpu, asked).map(({ parallel, precision, memory }) => ({
      gpu: gpu.name,
      ...parallel,
      precision,
      ...memory,
    })),
  );
}

interface Fit {
  readonly parallel: Parallelism;
  /** As this GPU runs the weights. */
  readonly precision: WeightPrecision;
  readonly memory: ReplicaMemory;
}

interface Question {
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly asked: ReplicaAsked;
}

/** Every tensor parallelism within a machine that splits the model. */
function fitsOf(model: ModelSpec, gpu: GpuSpec, asked: ReplicaAsked): readonly Fit[] {
  return tensorParallelSizes(model)
    .map((tensorParallel) => parallelOf(asked, tensorParallel))
    .filter((parallel) => gpuCount(parallel) <= asked.gpusPerNode)
    .filter((parallel) => parallelProblem(model, parallel) === undefined)
    .map((parallel) => {
      const input = inputOf({ model, gpu, asked }, parallel);
      return { parallel, precision: input.model.precision, memory: replicaMemory(input) };
    });
}

function parallelOf({ dataParallel, expertParallel }: ReplicaAsked, tensorParallel: number) {
  return { tensorParallel, dataParallel, expertParallel };
}

function inputOf({ model, gpu, asked }: Question, parallel: Parallelism): ReplicaMemoryInput {
  const { precision } = runsIn(model.precision, gpu);
  const { gpuMemoryUtilization, maxNumSeqs, maxNumBatchedTokens } = asked;
  return {
    model: { ...model, precision },
    gpu,
    parallel,
    gpuMemoryUtilization,
    maxNumSeqs,
    maxNumBatchedTokens,
    adapterBudgetBytes: 0,
    blockTokens: BLOCK_TOKENS,
  };
}

/** Why the model cannot be spread as asked over any number of GPUs of a machine. */
function whyNone(model: ModelSpec, asked: ReplicaAsked): string {
  const { dataParallel, gpusPerNode } = asked;
  if (dataParallel > gpusPerNode) {
    return `--data-parallel ${dataParallel} is more than the ${gpusPerNode} GPUs of a machine: give --gpus-per-node, or less`;
  }
  return parallelProblem(model, parallelOf(asked, 1))?.message ?? "no tensor parallelism splits it";
}

function gpusOf({ tensorParallel, dataParallel }: Parallelism): string {
  return dataParallel === 1 ? String(tensorParallel) : `${dataParallel} x ${tensorParallel}`;
}

function verdict(question: Question, fits: readonly Fit[]): string {
  const { model, gpu, asked } = question;
  const fitting = fits.find(({ memory }) => memory.kind === "fits");
  if (fitting === undefined) {
    const what = `${model.name} fits on no ${asked.gpusPerNode} x ${gpu.name} of a machine`;
    return `${what}: ${wayOut(question, fits.at(-1)!.parallel)}.`;
  }
  const { tensorParallel } = fitting.parallel;
  const { memory } = fitting;
  const tokens = memory.kind === "fits" ? memory.kvBlocks * BLOCK_TOKENS : 0;
  const short =
    tokens < model.maxContextTokens * asked.dataParallel
      ? ` The cache is shorter than the longest context of ${formatCount(model.maxContextTokens)} tokens: set maxModelLen.`
      : "";
  return `The smallest that fits is tensorParallel: ${tensorParallel}.${short}`;
}

/** What would help where not even all GPUs of a machine hold the model. */
function wayOut({ model, gpu, asked }: Question, parallel: Parallelism): string {
  const input = inputOf({ model, gpu, asked }, parallel);
  const remedies = remediesOf(input, asked.gpusPerNode).map(({ key, value }) => `${key}: ${value}`);
  if (remedies.length > 0) return `${remedies.join(" or ")} would fit`;
  const found = nearestGpu({ ...input, model }, asked.gpusPerNode);
  return found === undefined
    ? "nor on as many of any other GPU in the catalogue"
    : `the nearest that holds it is ${found.tensorParallel} x ${found.gpu.name}`;
}

function gib(bytes: number): string {
  return formatNumber(bytes / GIB, 3);
}
