/**
 * Refits what the engine adds to every layer from load tests below saturation. In a steady state the mean of a request's
 * TPOT is the mean length of a step: T = d + r T p, with d a decode step of the mean batch (rate times E2E), r the
 * rate, and p what a prompt adds to its step. The load generator repeats its prompts, so a prompt adds its last block only.
 */
import type { MeasuredRun } from "../fidelity/measured.ts";
import { modelName } from "../fidelity/models.ts";
import { poolScenario, promptTokensOf } from "../fidelity/scenario-of.ts";
import type { PoolConfig } from "../src/engine/config.ts";
import { predictedStepModel } from "../src/replica/step-time/predicted.ts";
import type { StepModel } from "../src/replica/step-model.ts";
import { ENGINE_OVERHEADS, type EngineOverheads } from "../src/replica/step-time/shares.ts";
import { type Errors, errorsOf, fitConstants } from "./minimise.ts";
import { sharesWithout } from "./unseen.ts";
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
  /** The same and what a prompt adds to a layer, fitted together. */
  readonly together: Pick<EngineOverheads, "layerPs" | "pieceLayerPs">;
  readonly own: Errors;
  /** Every model predicted with constants that have not seen it. */
  readonly unseen: Errors;
  readonly byModel: ReadonlyMap<string, Errors>;
}

export function fitLoadTests(runs: readonly MeasuredRun[]): LoadFit | undefined {
  const stages = runs.flatMap(stagesOf);
  if (stages.length === 0) return undefined;
  const layerPs = fit(stages);
  const unseen: { stage: Stage; predicted: number }[] = [];
  for (const [model, own] of Map.groupBy(stages, (stage) => stage.model)) {
    const others = stages.filter((stage) => stage.model !== model);
    const overheads = { layerPs: fit(others, model) };
    for (const stage of own) unseen.push({ stage, predicted: tpotPs(stage, overheads, model) });
  }
  const errors = (set: typeof unseen) =>
    errorsOf(
      set.map(({ predicted }) => predicted),
      set.map(({ stage }) => stage.tpotPs),
    );
  return {
    stages: stages.length,
    layerPs,
    together: fitTogether(stages),
    own: errorsOf(
      stages.map((stage) => tpotPs(stage, { layerPs })),
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

/** What the engine adds to a layer by these runs, with the kernels' constants that have not seen `unseen`. */
export function layerPsOf(runs: readonly MeasuredRun[], unseen?: string): number {
  return fit(runs.flatMap(stagesOf), unseen);
}

function fit(stages: readonly Stage[], unseen?: string): number {
  const [layerPs] = fitConstants(
    [20e6],
    stages.length,
    (constants, row) => tpotPs(stages[row]!, { layerPs: constants[0]! }, unseen),
    (row) => stages[row]!.tpotPs,
  );
  return layerPs!;
}

function overheadsOf([layerPs, pieceLayerPs]: readonly number[]): LoadFit["together"] {
  return { layerPs: layerPs!, pieceLayerPs: pieceLayerPs! };
}

function fitTogether(stages: readonly Stage[]): LoadFit["together"] {
  const fitted = fitConstants(
    [20e6, 20e6],
    stages.length,
    (constants, row) => tpotPs(stages[row]!, overheadsOf(constants)),
    (row) => stages[row]!.tpotPs,
  );
  return overheadsOf(fitted);
}

/** The pool's step times with these overheads in place of the shipped ones, as if nobody had seen `unseen`. */
export function stepModelWith(
  changed: Partial<EngineOverheads>,
  pool: PoolConfig,
  unseen?: string,
): StepModel {
  const { model, gpu, maxNumSeqs } = pool;
  const overheads = { ...ENGINE_OVERHEADS, ...changed };
  const shares = sharesWithout(unseen, pool);
  return predictedStepModel({ model, gpu, parallel: pool, maxNumSeqs, overheads, shares });
}

function tpotPs(
  { pool, ...stage }: Stage,
  changed: Partial<EngineOverheads>,
  unseen?: string,
): number {
  const step = stepModelWith(changed, pool, unseen);
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
        model: modelName(run),
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
