/**
 * Sets the model beside measured steps: whole engine steps of vLLM (their GPU is not stated; by speed and memory it is a
 * B200), and steps put together from the operator tables. Nothing is fitted here but, for the whole steps, the shares of
 * that GPU's generation: what is printed first are predictions for a GPU, a model and an engine version never seen.
 */
import { join } from "node:path";
import type { ModelSpec, Parallelism } from "../src/replica/hardware.ts";
import { type StepBatch, type StepModel, emptyCost } from "../src/replica/step-model.ts";
import { predictedStepModel } from "../src/replica/step-time/predicted.ts";
import {
  ENGINE_OVERHEADS,
  type EngineOverheads,
  type KernelShares,
  kernelShares,
} from "../src/replica/step-time/shares.ts";
import { GPUS } from "../src/scenario/catalogue/gpus.ts";
import { type Errors, errorsOf, fitConstants, median } from "./minimise.ts";
import { atLeast, isEager, type Launches } from "./launches.ts";
import { longestContexts, type RecordedStep } from "./longest-contexts.ts";
import { modelNamed } from "./models.ts";
import { type Row, numberOf, readTable } from "./read-table.ts";

const PS_PER_MS = 1e9;
const WHOLE_STEP_GPU = "b200";
const WHOLE_STEP_MODEL = "qwen3-32b";
/** scheduler_config of the runs' metadata. */
const WHOLE_STEP_SEQS = 128;
/** A step beyond this factor of the median of its like is an artefact of asynchronous scheduling: two steps' time in one. */
const MOST_ODD = 1.5;

/** Where the search for prompts' launches begins, picoseconds a layer: a least that is never reached could not be told from none. */
const FIRST_LAUNCHES: Readonly<Record<Launches["kind"], readonly [piece: number, eager: number]>> =
  {
    added: [30e6, 60e6],
    atLeast: [150e6, 250e6],
  };

/** Beyond any that these steps have: what bounds it cannot be seen here. */
const MOST_UNEVEN = 1.5;

export interface MeasuredStep {
  readonly phase: string;
  readonly tensorParallel: number;
  readonly batch: StepBatch;
  readonly measuredPs: number;
}

export function readWholeSteps(folder: string): MeasuredStep[] {
  const steps = [1, 2, 4].flatMap((tensorParallel) => {
    const file = `vllm_fpm_whole_step/qwen3-32b_tp${tensorParallel}_vllm0.20.1_fpm_phase.csv.gz`;
    return stepsOf(readTable(join(folder, file)), tensorParallel);
  });
  return [...Map.groupBy(steps, likeness).values()].flatMap(withoutOdd);
}

/** Of live requests, where contexts differ, with the longest; of sweeps, where they are alike. */
function stepsOf(rows: readonly Row[], tensorParallel: number): MeasuredStep[] {
  if (rows.length === 0) return [];
  const inOrder = rows.toSorted((a, b) => numberOf(a, "counter_id") - numberOf(b, "counter_id"));
  const sweeps = inOrder.filter(isSweep).map((row) => stepOf(row, tensorParallel, 0));
  const live = inOrder.filter((row) => !isSweep(row));
  const longest = longestContexts(live.map(recordedOf));
  const told = live.flatMap((row, index) => {
    const tokens = longest[index];
    return tokens === undefined ? [] : [stepOf(row, tensorParallel, tokens)];
  });
  return [...sweeps, ...told];
}

function isSweep(row: Row): boolean {
  return row["workload_segment"] === "sweep";
}

function recordedOf(row: Row): RecordedStep {
  return {
    decodes: numberOf(row, "decode_requests"),
    contextTokens: numberOf(row, "decode_kv_tokens"),
    prefills: numberOf(row, "ctx_requests"),
    prefillTokens: numberOf(row, "ctx_tokens"),
    cachedTokens: numberOf(row, "ctx_kv_tokens"),
  };
}

function stepOf(row: Row, tensorParallel: number, longestContextTokens: number): MeasuredStep {
  const prefills = numberOf(row, "ctx_requests");
  const prefillTokens = numberOf(row, "ctx_tokens");
  const cached = numberOf(row, "ctx_kv_tokens");
  const each = prefills === 0 ? 0 : prefillTokens / prefills;
  return {
    phase: phaseOf(row),
    tensorParallel,
    batch: {
      decodes: numberOf(row, "decode_requests"),
      contextTokens: numberOf(row, "decode_kv_tokens"),
      longestContextTokens,
      prefills,
      prefillTokens,
      // Chunks are taken to be alike: only their sums are recorded.
      prefillPairs: prefills === 0 ? 0 : prefillTokens * (cached / prefills + (each + 1) / 2),
    },
    measuredPs: numberOf(row, "latency_ms") * PS_PER_MS,
  };
}

function phaseOf(row: Row): string {
  return row["phase"] === "context" ? "prefill" : row["phase"]!;
}

function magnitude(count: number): number {
  return Math.round(4 * Math.log2(1 + count));
}

/** Steps of about the same tokens, context and batch. */
function likeness({ phase, tensorParallel, batch }: MeasuredStep): string {
  const { prefillTokens, decodes, contextTokens } = batch;
  const sizes =
    phase === "decode" ? [decodes, magnitude(contextTokens)] : [magnitude(prefillTokens)];
  return [phase, tensorParallel, ...sizes].join(" ");
}

function withoutOdd(steps: readonly MeasuredStep[]): MeasuredStep[] {
  const usual = median(steps.map(({ measuredPs }) => measuredPs));
  return steps.filter(({ measuredPs }) => {
    const ratio = measuredPs / usual;
    return ratio < MOST_ODD && ratio > 1 / MOST_ODD;
  });
}

/** Errors by phase and GPUs, with these constants. */
export function wholeStepErrors(
  steps: readonly MeasuredStep[],
  shares: KernelShares,
  overheads: EngineOverheads = ENGINE_OVERHEADS,
): ReadonlyMap<string, Errors> {
  return errorsByPhase(steps, wholeStepPredictor(shares, overheads));
}

function errorsByPhase(
  steps: readonly MeasuredStep[],
  predict: (step: MeasuredStep) => number,
): ReadonlyMap<string, Errors> {
  const groupsOf = ({ phase, tensorParallel }: MeasuredStep) => [
    phase,
    `${phase}, ${tensorParallel} GPUs`,
  ];
  return new Map(
    [...errorsBy(steps, groupsOf, predict)].toSorted(
      ([a], [b]) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1),
    ),
  );
}

const PHASES = ["prefill", "decode", "mixed"];

function placeOf(group: string): number {
  return PHASES.findIndex((phase) => group.startsWith(phase));
}

/** What fits the whole steps, and how far off it is. */
export interface StepFit {
  readonly shares: KernelShares;
  readonly overheads: EngineOverheads;
  readonly errors: ReadonlyMap<string, Errors>;
}

/** Refits the generation's shares, and what the engine adds by either form of its launches, to every n-th step. */
export function fitWholeSteps(steps: readonly MeasuredStep[], kind: Launches["kind"]): StepFit {
  const base = kernelShares(undefined);
  const sample = steps.filter(({ phase }, index) => phase !== "decode" || index % 20 === 0);
  const constantsOf = ([
    reads,
    compute,
    decodeReads,
    uneven,
    promptCompute,
    layerPs,
    pieceLayerPs,
    eagerLayerPs,
  ]: readonly number[]) => ({
    shares: {
      ...base,
      bf16: { ...base.bf16, reads: reads!, compute: compute! },
      decode: { ...base.decode, bf16: { ...base.decode.bf16, reads: decodeReads! } },
      decodeUneven: { share: uneven!, most: MOST_UNEVEN },
      promptCompute: promptCompute!,
    },
    overheads: {
      ...ENGINE_OVERHEADS,
      layerPs: layerPs!,
      pieceLayerPs: pieceLayerPs!,
      eagerLayerPs: eagerLayerPs!,
    },
  });
  let last: readonly number[] = [];
  let predict: ((step: MeasuredStep) => number) | undefined;
  const fitted = fitConstants(
    [0.8, 0.75, 0.7, 0.3, 0.5, 15e6, ...FIRST_LAUNCHES[kind]],
    sample.length,
    (constants, row) => {
      if (predict === undefined || constants !== last) {
        const { shares, overheads } = constantsOf(constants);
        predict = wholeStepPredictor(shares, overheads, kind);
        last = constants;
      }
      return predict(sample[row]!);
    },
    (row) => sample[row]!.measuredPs,
  );
  const { shares, overheads } = constantsOf(fitted);
  const errors = errorsByPhase(steps, wholeStepPredictor(shares, overheads, kind));
  return { shares, overheads, errors };
}

/** Launches are added as the model adds them, or the least that layers of steps with prompts take. */
function wholeStepPredictor(
  shares: KernelShares,
  overheads: EngineOverheads,
  kind: Launches["kind"] = "added",
): (step: MeasuredStep) => number {
  const models = new Map<number, StepModel>();
  return ({ tensorParallel, batch }) => {
    let model = models.get(tensorParallel);
    if (model === undefined) {
      model = wholeStepModel(tensorParallel, { shares, overheads, kind });
      models.set(tensorParallel, model);
    }
    return stepPs(model, batch);
  };
}

function wholeStepModel(
  tensorParallel: number,
  { shares, overheads, kind }: Pick<StepFit, "shares" | "overheads"> & Pick<Launches, "kind">,
): StepModel {
  const model = modelNamed(WHOLE_STEP_MODEL);
  const given = {
    model,
    gpu: GPUS.get(WHOLE_STEP_GPU)!.spec,
    parallel: inTensorParallel(tensorParallel),
    maxNumSeqs: WHOLE_STEP_SEQS,
    shares,
  };
  if (kind === "added") return predictedStepModel({ ...given, overheads });
  const { pieceLayerPs, eagerLayerPs } = overheads;
  const none = { ...overheads, pieceLayerPs: 0, eagerLayerPs: 0 };
  return atLeast(predictedStepModel({ ...given, overheads: none }), (batch) => {
    if (batch.prefills === 0) return 0;
    return model.layers * (isEager(batch, WHOLE_STEP_SEQS) ? eagerLayerPs : pieceLayerPs);
  });
}

const GPU_OF_PREFIX: Readonly<Record<string, string>> = {
  a100_sxm: "a100-80gb",
  h100_sxm: "h100-sxm",
  l40s: "l40s",
};

/** Kernels alone: what the tables hold has no engine around it, and no elementwise kernels between. */
const KERNELS_ALONE: EngineOverheads = {
  layerPs: 0,
  elementwisePasses: 0,
  pieceLayerPs: 0,
  eagerLayerPs: 0,
};

/** Steps composed from the operator tables: errors by GPU and phase, and by model. */
export function composedStepErrors(folder: string): ReadonlyMap<string, Errors> {
  const rows = readTable(join(folder, "derived_step_profile.csv"))
    .filter(isOnOneGpu)
    .map((row) => {
      const gpu = GPUS.get(GPU_OF_PREFIX[row["gpu"]!]!)!.spec;
      const model: ModelSpec = modelNamed(row["model"]!.toLowerCase());
      const parallel = inTensorParallel(numberOf(row, "tp"));
      const input = { model, gpu, parallel, maxNumSeqs: 256, overheads: KERNELS_ALONE };
      return { ...composedBatch(row), gpu, model, step: predictedStepModel(input) };
    });
  return errorsBy(
    rows,
    ({ gpu, phase, model }) => [`${gpu.name}, ${phase}`, model.name],
    ({ step, batch }) => stepPs(step, batch),
  );
}

/** On more, the file takes all-reduces as launched one by one, which decode steps in a CUDA graph do not do. */
function isOnOneGpu(row: Row): boolean {
  return row["tp"] === "1";
}

function composedBatch(row: Row): { phase: string; batch: StepBatch; measuredPs: number } {
  const phase = row["phase"]!;
  const tokens = numberOf(row, "tokens_or_context");
  const count = numberOf(row, "batch");
  const batch =
    phase === "decode"
      ? {
          decodes: count,
          contextTokens: count * tokens,
          prefills: 0,
          prefillTokens: 0,
          prefillPairs: 0,
        }
      : {
          decodes: 0,
          contextTokens: 0,
          prefills: 1,
          prefillTokens: tokens,
          prefillPairs: (tokens * (tokens + 1)) / 2,
        };
  return { phase, batch, measuredPs: numberOf(row, "total_ms") * PS_PER_MS };
}

function errorsBy<T extends { readonly measuredPs: number }>(
  rows: readonly T[],
  groupsOf: (row: T) => readonly string[],
  predict: (row: T) => number,
): ReadonlyMap<string, Errors> {
  const groups = new Map<string, { predicted: number[]; measured: number[] }>();
  for (const row of rows) {
    const predicted = predict(row);
    for (const name of groupsOf(row)) {
      const group = groups.get(name) ?? { predicted: [], measured: [] };
      group.predicted.push(predicted);
      group.measured.push(row.measuredPs);
      groups.set(name, group);
    }
  }
  return new Map(
    [...groups].map(([name, { predicted, measured }]) => [name, errorsOf(predicted, measured)]),
  );
}

export function stepPs(model: StepModel, batch: StepBatch): number {
  const cost = emptyCost();
  model.cost(batch, cost);
  return cost.totalPs + cost.contextTokenPs * batch.contextTokens;
}

function inTensorParallel(tensorParallel: number): Parallelism {
  return { tensorParallel, dataParallel: 1, expertParallel: false };
}
