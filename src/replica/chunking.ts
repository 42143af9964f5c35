/**
 * The rule that composes a step: decodes first, one token each, then prompt chunks in the order of joining into what is
 * left of the token budget. Shared by every replica that composes its own steps.
 */

/** Prompt tokens of a sequence that joins a running batch, and how many of them are computed. */
export interface Prefill {
  slot: number;
  contextTokens: number;
  computedTokens: number;
  /** Tokens of the step being run; 0 when the budget did not reach this far. */
  chunkTokens: number;
}

/** Query-key pairs of a chunk of `chunk` tokens after `before` cached ones: each token attends to all up to itself. */
export function chunkPairs(chunk: number, before: number): number {
  return chunk * (before + (chunk + 1) / 2);
}

/**
 * Gives every prefill its chunk of the next step, in order; returns how many got one.
 * Bounds: `budgetTokens` is what the decodes leave; at least one prefill gets a chunk when it is positive.
 */
export function planChunks(prefills: readonly Prefill[], budgetTokens: number): number {
  let left = budgetTokens;
  let count = 0;
  for (const prefill of prefills) {
    const chunk = Math.min(left, prefill.contextTokens - prefill.computedTokens);
    prefill.chunkTokens = chunk;
    left -= chunk;
    if (chunk > 0) count += 1;
  }
  return count;
}
