/** What the naive replica knows of a sequence, and of one step. */
import type { PrefixKey } from "../../src/replica/prefix-key.ts";
import type { StepCost } from "../../src/replica/step-model.ts";

export interface Sequence {
  readonly slot: number;
  readonly promptTokens: number;
  readonly wantedTokens: number;
  readonly prefix: PrefixKey | undefined;
  readonly dueNs: number;
  /** Steps that must be over before it can be admitted, unless the batch is empty. */
  readonly openStep: number;
  /** Its first blocks that the cache has, and others may share. */
  sharedBlocks: number;
  admitted: boolean;
  computedTokens: number;
  outputTokens: number;
  prefillPs: number;
  decodePs: number;
  batchSharePs: number;
}

/** A sequence's part in one step; `contextTokens` only when it decodes, `pairs` only when it prefills. */
export interface Part {
  readonly sequence: Sequence;
  readonly tokens: number;
  readonly pairs: number;
  readonly contextTokens: number;
}

export interface Step {
  readonly parts: readonly Part[];
  readonly cost: StepCost;
  readonly contextTokens: number;
  readonly ps: number;
}

/** Tokens whose keys and values are cached, or have their place reserved: the last output token's are not yet. */
export function kvTokens(sequence: Sequence): number {
  if (!sequence.admitted) return 0;
  return sequence.promptTokens + Math.max(0, sequence.outputTokens - 1);
}

export function isPromptDone(sequence: Sequence): boolean {
  return sequence.outputTokens === 0 && sequence.computedTokens === sequence.promptTokens;
}

export function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amount(item);
  return total;
}
