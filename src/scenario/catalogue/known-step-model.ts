/** The step-time model of a model and GPU by their names in the catalogue, for whoever has no scenario at hand. */
import type { ModelSpec, WeightPrecision } from "../../replica/hardware.ts";
import type { StepModel } from "../../replica/step-model.ts";
import { predictedStepModel } from "../../replica/step-time/predicted.ts";
import { precisionProblem, runsIn } from "../resolve/precision.ts";
import { nearest } from "../nearest.ts";
import { GPUS } from "./gpus.ts";
import { modelNamed, MODELS } from "./models.ts";

export interface Hardware {
  readonly model: string;
  readonly gpu: string;
  readonly tensorParallel: number;
  readonly precision: string;
}

export type KnownStepModel =
  | { readonly kind: "known"; readonly stepModel: StepModel }
  | { readonly kind: "unknown"; readonly reason: string };

/** What the catalogue knows of it, or which name it does not know. */
export function knownStepModel(hardware: Hardware): KnownStepModel {
  const { tensorParallel, precision } = hardware;
  const named = modelNamed(hardware.model);
  const gpu = GPUS.get(hardware.gpu)?.spec;
  if (named === undefined) return unknown("model", hardware.model, [...MODELS.keys()]);
  if (gpu === undefined) return unknown("GPU", hardware.gpu, [...GPUS.keys()]);
  if (!isPrecision(precision)) return unknown("precision", precision, PRECISIONS);
  const problem = precisionProblem(named.shape, precision);
  if (problem !== undefined) return { kind: "unknown", reason: problem };
  const stored = runsIn(precision, gpu).precision;
  const model: ModelSpec = { ...named.shape, precision: stored, kvPrecision: "bf16" };
  const parallel = { tensorParallel, dataParallel: 1, expertParallel: false };
  const maxNumSeqs = USUAL_SEQUENCES;
  return { kind: "known", stepModel: predictedStepModel({ model, gpu, parallel, maxNumSeqs }) };
}

/** vLLM's default max_num_seqs: it decides up to how many tokens a step runs in a CUDA graph. */
const USUAL_SEQUENCES = 256;

/** How checkpoints store their weights. */
const PRECISIONS: readonly WeightPrecision[] = ["bf16", "fp8", "int4", "mxfp4"];

function isPrecision(name: string): name is WeightPrecision {
  return PRECISIONS.some((one) => one === name);
}

function unknown(what: string, name: string, known: readonly string[]): KnownStepModel {
  const meant = nearest(name, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean '${meant}'?`;
  return { kind: "unknown", reason: `the catalogue has no ${what} '${name}'; ${hint}` };
}
