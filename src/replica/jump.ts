/**
 * The arithmetic of fast-forward. For a fixed batch of n decoding sequences every step reads n context tokens more than
 * the one before, so k steps take k*first + growth*k*(k-1)/2 picoseconds: all integers, hence equal to adding the steps
 * one by one. Valid while results stay under 2^53, which the caller's MAX_JUMP_STEPS and rebasing see to.
 */

/** Longest jump in steps: 16,384 steps of half a second each stay under 2^53 ps. */
export const MAX_JUMP_STEPS = 16_384;

/** Picoseconds that `steps` steps take when the first takes `firstPs` and each later one `growthPs` more. */
export function jumpPs(steps: number, firstPs: number, growthPs: number): number {
  return steps * firstPs + growthPs * ((steps * (steps - 1)) / 2);
}

/**
 * The smallest number of steps (at least 1) that take longer than `beyondPs`. The root of the quadratic gives a guess;
 * exact integer arithmetic settles it, so floating-point error cannot move a boundary.
 */
export function stepsBeyond(beyondPs: number, firstPs: number, growthPs: number): number {
  if (beyondPs < firstPs) return 1;
  const linear = firstPs - growthPs / 2;
  const root = (2 * beyondPs) / (linear + Math.sqrt(linear * linear + 2 * growthPs * beyondPs));
  let steps = Math.max(1, Math.floor(root));
  while (jumpPs(steps, firstPs, growthPs) <= beyondPs) steps += 1;
  while (steps > 1 && jumpPs(steps - 1, firstPs, growthPs) > beyondPs) steps -= 1;
  return steps;
}
