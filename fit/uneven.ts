/**
 * Which rule for contexts of different lengths carries over: tried on whole steps with the constants of all tables, which know
 * neither their GPU nor their model, and on overloaded load tests, whose batches are full and of every age. There TPOT is the
 * length of a full batch's step, and says which share each run asks for.
 */
import type { MeasuredRun } from "../fidelity/measured.ts";
import { poolScenario, promptTokensOf } from "../fidelity/scenario-of.ts";
import { predictedStepModel } from "../src/replica/step-time/predicted.ts";
import { type UnevenShares, kernelShares } from "../src/replica/step-time/shares.ts";
import type { Errors } from "./minimise.ts";
import { UNCACHED_TOKENS } from "./load-tests.ts";
import { type MeasuredStep, stepPs, wholeStepErrors } from "./whole-steps.ts";

const PS_PER_MS = 1e9;

export const RULES: readonly UnevenShares[] = [
  { share: 0, most: 0 },
  { share: 0.276, most: 1.5 },
  { share: 1, most: 0.3 },
  { share: 1, most: 0.5 },
  { share: 1, most: 0.7 },
  // Whatever the gap: as if all were as long as the longest.
  { share: 1, most: 1e3 },
];

/** Error of the decode steps under each rule. */
export function unevenStepErrors(steps: readonly MeasuredStep[]): [UnevenShares, Errors][] {
  return RULES.map((rule) => {
    const shares = { ...kernelShares(undefined), decodeUneven: rule };
    return [rule, wholeStepErrors(steps, shares).get("decode")!];
  });
}

export interface OverloadedTpot {
  readonly run: string;
  /** Predicted over measured, less 1, under each rule. */
  readonly errors: readonly number[];
  /** What it would take of the gap to the longest. */
  readonly share: number;
}

/** Runs of grouped queries whose batches are as full as they may be: where memory is short, TPOT is waiting for it. */
export function unevenLoadTests(runs: readonly MeasuredRun[]): OverloadedTpot[] {
  return runs.filter(isFull).map((run) => {
    const measuredPs = run.observed[0]!.latencies.tpot.mean! * PS_PER_MS;
    const [evenPs, asLongPs] = [RULES[0]!, RULES.at(-1)!].map((rule) => fullTpotPs(run, rule));
    return {
      run: run.name,
      errors: RULES.map((rule) => fullTpotPs(run, rule) / measuredPs - 1),
      share: (measuredPs - evenPs!) / (asLongPs! - evenPs!),
    };
  });
}

function isFull(run: MeasuredRun): boolean {
  const { model, kvBlocks, blockTokens, maxNumSeqs } = poolScenario(run).platform.pools[0]!;
  const { attention } = model;
  const tokens = maxNumSeqs * (promptTokensOf(run) + run.outputTokens / 2);
  const isGrouped = attention.kind === "grouped" && attention.heads > attention.kvHeads;
  return run.isOverload && isGrouped && tokens < kvBlocks * blockTokens;
}

/** Whoever has all tokens is replaced at once, so every step has as many prompts as tokens finish an answer. */
function fullTpotPs(run: MeasuredRun, decodeUneven: UnevenShares): number {
  const { model, gpu, maxNumSeqs, ...parallel } = poolScenario(run).platform.pools[0]!;
  const shares = { ...kernelShares(gpu.architecture), decodeUneven };
  const step = predictedStepModel({ model, gpu, parallel, maxNumSeqs, shares });
  const promptTokens = promptTokensOf(run);
  const at = (decodes: number, prefills: number) =>
    stepPs(step, {
      decodes,
      contextTokens: decodes * (promptTokens + run.outputTokens / 2),
      longestContextTokens: promptTokens + run.outputTokens,
      prefills,
      prefillTokens: prefills * UNCACHED_TOKENS,
      prefillPairs: prefills * UNCACHED_TOKENS * promptTokens,
    });
  const promptPs = at(maxNumSeqs - 1, 1) - at(maxNumSeqs - 1, 0);
  return at(maxNumSeqs, 0) + (promptPs * maxNumSeqs) / run.outputTokens;
}
