/** One side of a comparison: a run, or replications of one with one seed after another. */
import type { Results } from "../../results/results.ts";

export interface Side {
  /** Where it comes from, as the user named it. */
  readonly source: string;
  /** At least one. */
  readonly runs: readonly Results[];
}

/** Most sides: each has a letter and a colour of its own. */
export const MOST_SIDES = 6;

/** "A", "B", ... */
export function sideName(index: number): string {
  return String.fromCodePoint(65 + index);
}
