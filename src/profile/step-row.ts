/** One measured step: what it computed, in the terms of StepBatch, and how long it took. */
import { type StepBatch, type StepModel, emptyCost } from "../replica/step-model.ts";

export interface MeasuredStep extends StepBatch {
  /** Context that the decoding sequences read, summed. */
  readonly contextTokens: number;
  readonly ms: number;
}

/** As it stands in a table. */
export interface StepRow extends MeasuredStep {
  /** Counted from 1; of a cell, its first row's. */
  readonly line: number;
}

export const PHASES = ["prefill", "decode", "mixed"] as const;

export type Phase = (typeof PHASES)[number];

export function phaseOf({ prefills, decodes }: StepBatch): Phase {
  if (prefills === 0) return "decode";
  return decodes === 0 ? "prefill" : "mixed";
}

/** Query-key pairs of so many chunks, where only their sums are known: as if they were alike. */
export function likelyPairs(chunks: number, tokens: number, contextTokens: number): number {
  return chunks === 0 ? 0 : tokens * (contextTokens / chunks + (tokens / chunks + 1) / 2);
}

const PS_PER_MS = 1e9;

/** What the model says that the step takes. */
export function predictMs(model: StepModel, row: MeasuredStep): number {
  const cost = emptyCost();
  model.cost(row, cost);
  return (cost.totalPs + cost.contextTokenPs * row.contextTokens) / PS_PER_MS;
}
