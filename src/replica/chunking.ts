/**
 * The rule that composes a step: decodes first, one token each, then prompt chunks into what is left of the token budget, in
 * the order in which whoever sent them wants them done. So a prompt of many steps holds up nobody who is due before it,
 * and loses nothing of what has been computed. Shared by every replica that composes its own steps; servers know it as
 * priority scheduling.
 */

/** Prompt tokens of a sequence that joins a running batch, and how many of them are computed. */
export interface Prefill {
  slot: number;
  contextTokens: number;
  computedTokens: number;
  /** When it should be done, ns. */
  dueNs: number;
  /** Tokens of the step being run; 0 when the budget did not reach this far. */
  chunkTokens: number;
}

/** Query-key pairs of a chunk of `chunk` tokens after `before` cached ones: each token attends to all up to itself. */
export function chunkPairs(chunk: number, before: number): number {
  return chunk * (before + (chunk + 1) / 2);
}

/** Puts a prefill in its place: behind all that are due by then, and before the others. */
export function enqueuePrefill<P extends Prefill>(prefills: P[], newcomer: P): void {
  let place = prefills.length;
  while (place > 0 && prefills[place - 1]!.dueNs > newcomer.dueNs) place -= 1;
  // At the end nearly always, where making room by splice would cost an array.
  if (place === prefills.length) prefills.push(newcomer);
  else prefills.splice(place, 0, newcomer);
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
