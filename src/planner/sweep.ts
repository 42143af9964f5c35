/**
 * Runs a sweep: every variant under every seed, those that are kept already left out, each kept as it ends. What is given back is in
 * the order of the variants and seeds, whoever simulated what and when.
 */
import type { RunFigures } from "../results/figures.ts";
import type { RunLog } from "./run-log.ts";
import type { SweepVariant } from "./sweep-variants.ts";
import type { Variant } from "./variant.ts";

/** Whoever simulates: threads, or other machines. */
export interface Simulators {
  /** Fails: UnusableInput. */
  figures(variant: Variant, seed: number): Promise<RunFigures>;
}

export interface SweepOutcome extends SweepVariant {
  /** One per seed. */
  readonly runs: readonly RunFigures[];
}

export interface SweepWork {
  readonly variants: readonly SweepVariant[];
  readonly seeds: readonly number[];
  /** Undefined: nothing is kept. */
  readonly log: RunLog | undefined;
}

/** Simulations of the sweep, and how many of them are still to be made. */
export function workOf({ variants, seeds, log }: SweepWork): { all: number; left: number } {
  const all = variants.length * seeds.length;
  const kept = variants.reduce(
    (sum, { hash }) => sum + seeds.filter((seed) => log?.find(hash, seed) !== undefined).length,
    0,
  );
  return { all, left: all - kept };
}

/** Fails: UnusableInput; as the file system does where a run cannot be kept. */
export function runSweep(
  simulators: Simulators,
  { variants, seeds, log }: SweepWork,
): Promise<readonly SweepOutcome[]> {
  const run = async ({ variant, hash }: SweepVariant, seed: number): Promise<RunFigures> => {
    const kept = log?.find(hash, seed);
    if (kept !== undefined) return kept;
    const figures = await simulators.figures(variant, seed);
    return log === undefined ? figures : log.add(hash, figures);
  };
  return Promise.all(
    variants.map(async (one) => ({
      ...one,
      runs: await Promise.all(seeds.map((seed) => run(one, seed))),
    })),
  );
}
