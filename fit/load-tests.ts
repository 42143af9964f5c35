/**
 * Refits what the engine adds to every layer from load tests below saturation. In a steady state the mean of a request's
 * TPOT is the mean length of a step: T = d + r T p, with d a decode step of the mean batch (rate times E2E), r the
 * rate, and p what a prompt adds to its step. The load generator repeats its prompts, so a prompt adds its last block only.
 */
import type { MeasuredRun } from "../fidelity/measured.ts";
import { readData } from "../fidelity/read-data.ts";
import { poolScenario, promptTokensOf } from "../fidelity/scenario-of.ts";
import type { PoolConfig } from "../src/engine/config.ts";
import { predictedStepModel } from "../src/replica/step-time/predicted.ts";
import type { StepModel } from "../src/replica/step-model.ts";
import { ENGINE_OVERHEADS } from "../src/replica/step-time/shares.ts";
import { type Errors, errorsOf, fitConstants } from "./minimise.ts";
import { stepPs } from "./whole-steps.ts";

const PS_PER_MS = 1e9;
const PS_PER_S = 1e12;
/** Tokens left to compute of a prompt cached up to its last block of 16, on average. */
export const UNCACHED_TOKENS = 8;

interface Stage {
  readonly model: string;
  readonly pool: PoolConfig;
  readonly ratePerPs: number;
  readonly sequences: number;
  readonly promptTokens: number;
  /** Mean and longest context of the decoding sequences. */
  readonly contextTokens: number;
  readonly longestTokens: number;
  readonly tpotPs: number;
}

export interface LoadFit {
  readonly stages: number;
  readonly layerPs: number;
  readonly own: Errors;
  /** Every model predicted with the constant fitted to the others. */
  readonly unseen: Errors;
  readonly byModel: ReadonlyMap<string, Errors>;
}

export function fitLoadTests(folder: string): LoadFit | undefined {
  const stages = readData(folder).runs.flatMap(stagesOf);
  if (stages.length === 0) return undefined;
  const layerPs = fit(stages);
  const unseen: { stage: Stage; predicted: number }[] = [];
  for (const model of new Set(stages.map((stage) => stage.model))) {
    const others = fit(stages.filter((stage) => stage.model !== model));
    for (const stage of stages) {
      if (stage.model === model) unseen.push({ stage, predicted: tpotPs(stage, others) });
    }
  }
  const errors = (set: typeof unseen) =>
    errorsOf(
      set.map(({ predicted }) => predicted),
      set.map(({ stage }) => stage.tpotPs),
    );
  return {
    stages: stages.length,
    layerPs,
    own: errorsOf(
      stages.map((stage) => tpotPs(stage, layerPs)),
      stages.map((stage) => stage.tpotPs),
    ),
    unseen: errors(unseen),
    byModel: new Map(
      [...Map.groupBy(unseen, ({ stage }) => stage.model)].map(([name, set]) => [
        name,
        errors(set),
      ]),
    ),
  };
}

/** What the engine adds to a layer by these runs. */
export function layerPsOf(runs: readonly MeasuredRun[]): number {
  return fit(runs.flatMap(stagesOf));
}

function fit(stages: readonly Stage[]): number {
  const [layerPs] = fitConstants(
    [20e6],
    stages.length,
    (constants, row) => tpotPs(stages[row]!, constants[0]!),
    (row) => stages[row]!.tpotPs,
  );
  return layerPs!;
}

/** The pool's step times if the engine added this much to a layer. */
export function stepModelWith(layerPs: number, pool: PoolConfig): StepModel {
  const { model, gpu, maxNumSeqs } = pool;
  const overheads = { ...ENGINE_OVERHEADS, layerPs };
  return predictedStepModel({ model, gpu, parallel: pool, maxNumSeqs, overheads });
}

function tpotPs({ pool, ...stage }: Stage, layerPs: number): number {
  const step = stepModelWith(layerPs, pool);
  const at = (decodes: number, prefills: number) =>
    stepPs(step, {
      decodes,
      contextTokens: decodes * stage.contextTokens,
      longestContextTokens: stage.longestTokens,
      prefills,
      prefillTokens: prefills * UNCACHED_TOKENS,
      prefillPairs: prefills * UNCACHED_TOKENS * stage.promptTokens,
    });
  const below = Math.max(1, Math.floor(stage.sequences));
  const share = Math.max(0, stage.sequences - below);
  const decodePs = (1 - share) * at(below, 0) + share * at(below + 1, 0);
  const promptPs = at(below, 1) - at(below, 0);
  return decodePs / (1 - stage.ratePerPs * promptPs);
}

/** Stages of a run that does not saturate; of a run with a single stage, the run itself. */
function stagesOf(run: MeasuredRun): Stage[] {
  if (run.isOverload) return [];
  const pool = poolScenario(run).platform.pools[0]!;
  const promptTokens = promptTokensOf(run);
  return run.observed.flatMap(({ stage, latencies }): Stage[] => {
    if (stage === undefined && run.stages.length > 1) return [];
    const ratePerS = run.stages[stage ?? 0]!.ratePerS / run.dataParallel;
    const e2eMs = latencies.e2e.mean!;
    return [
      {
        model: run.model,
        pool,
        ratePerPs: ratePerS / PS_PER_S,
        sequences: (ratePerS * e2eMs) / 1_000,
        promptTokens,
        contextTokens: promptTokens + run.outputTokens / 2,
        longestTokens: promptTokens + run.outputTokens,
        tpotPs: latencies.tpot.mean! * PS_PER_MS,
      },
    ];
  });
}
