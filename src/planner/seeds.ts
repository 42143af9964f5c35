/** Replications: the same variant under one seed after another, from the scenario's own on, so that variants can be paired. */
import type { Results } from "../results/results.ts";
import type { Variant } from "./variant.ts";
import type { WorkerPool } from "./worker-pool.ts";

export function seedsFrom(first: number, replications: number): readonly number[] {
  return Array.from({ length: replications }, (_, at) => first + at);
}

/** The variant's results under every seed. */
export function replicate(
  pool: WorkerPool,
  variant: Variant,
  seeds: readonly number[],
): Promise<Results[]> {
  return Promise.all(seeds.map((seed) => pool.results(variant, seed)));
}
